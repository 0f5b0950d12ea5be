package session

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Limits of the traffic with Redis. A request pays for an outage at most two tries of the longest of them; most pay nothing, since the
// client answers at once while it knows the server to be away, and looks for it every second.
const (
	dialTimeout  = 500 * time.Millisecond
	replyTimeout = time.Second
	connections  = 32
)

// silence stops what go-redis writes to stderr, past our logger; its errors say the same. It sets a variable of the whole process.
var silence = sync.OnceFunc(logging.Disable)

var errRedisURL = errors.New("REDIS_URL: want redis://[user:password@]host[:port][/database], or rediss:// for TLS, and no parameters")

// OpenRedis returns a client of the server at rawURL; it connects when it is first used. A rediss URL is spoken to by roots, nil
// being the system's. Parameters in the URL are refused: one of them switches the verification of certificates off.
func OpenRedis(rawURL string, roots *tls.Config) (*redis.Client, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "redis" && u.Scheme != "rediss") {
		return nil, errRedisURL // not err, which shows the password
	}
	o, err := redis.ParseURL(rawURL)
	if err != nil {
		return nil, errRedisURL
	}
	if u.Scheme == "rediss" {
		o.TLSConfig = cmp.Or(roots, &tls.Config{MinVersion: tls.VersionTLS12}).Clone()
		o.TLSConfig.ServerName = u.Hostname()
	}
	o.DialTimeout, o.DialerRetries = dialTimeout, 1
	o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = replyTimeout, replyTimeout, replyTimeout
	o.MaxRetries = 1
	o.PoolSize = connections
	o.ContextTimeoutEnabled = true
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	silence()
	return redis.NewClient(o), nil
}
