// Package keyring holds the gateway's own signing keys, for AUTH_MODE=jwks: a directory of PEM files that all replicas share,
// each named after its kid. All of them are published, one of them signs, and which one is a matter of the directory and the
// clock alone, so that replicas agree without talking:
//
//	the newest file that is at least [PublishAhead] old, by its time to the second and then by its name;
//	the oldest, while none is that old.
//
// A new key is thus known to every service before the first token names it. To change keys, while the gateway runs:
//
//	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out 2026-12-01.pem   # or ED25519, or RSA
//	mv 2026-12-01.pem keys/                                                              # it signs after a minute
//	rm keys/2026-11-01.pem                                                               # twelve minutes later
//
// A file that cannot be used, or that every user of the machine can read, is logged and takes none of the others away.
// The old file stays for as long as its tokens may: the minute, then [auth.GatewayTokenLife] and the clocks' leeway. Names that
// ascend decide where times cannot, as in a Kubernetes volume, whose files are all written at once.
package keyring

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/config"
)

// PublishAhead is how long a key is published before it signs. It is twice maxAge: a service, or a cache before it, may have
// fetched the set just before the key came.
const PublishAhead = 60 * time.Second

// maxAge is for how many seconds services and caches keep the published set.
const maxAge = "30"

// Config says where the keys are. Dir and Log are required.
type Config struct {
	Dir string
	Log *slog.Logger     // hears of files that cannot be used
	Now func() time.Time // nil means time.Now
}

// Ring is the keys of the directory as it is now. It is safe for concurrent use.
type Ring struct {
	keys *config.Live[keys]
	now  func() time.Time
}

// keys is one state of the directory.
type keys struct {
	entries   []entry // by age, the oldest first
	published []byte  // the JWK Set
}

type entry struct {
	key   auth.SigningKey
	since time.Time
}

// Open reads the directory. One without a usable key is an error; afterwards such a state is logged, and the keys stay what
// they were.
func Open(cfg Config) (*Ring, error) {
	live, err := config.NewLive(cfg.Log, "GATEWAY_SIGNING_KEYS", func() (string, func() (keys, error)) {
		files, err := scan(cfg.Dir)
		if err != nil {
			return err.Error(), func() (keys, error) { return keys{}, err }
		}
		return fmt.Sprint(files), func() (keys, error) { return load(files, cfg) }
	})
	if err != nil {
		return nil, fmt.Errorf("GATEWAY_SIGNING_KEYS: %w", err)
	}
	r := &Ring{keys: live, now: cfg.Now}
	if r.now == nil {
		r.now = time.Now
	}
	return r, nil
}

// load makes the keys. A file that cannot be used takes none of the others away.
func load(files []file, cfg Config) (keys, error) {
	var k keys
	for _, f := range files {
		key, err := f.key()
		if err != nil {
			cfg.Log.Error("signing key cannot be used", "file", f.name, "err", err)
			continue
		}
		k.entries = append(k.entries, entry{key, f.since})
	}
	switch {
	case len(k.entries) == 0:
		return keys{}, fmt.Errorf("%s holds no usable key among %d .pem files", cfg.Dir, len(files))
	case len(k.entries) > auth.MaxPublishedKeys:
		return keys{}, fmt.Errorf("%s holds %d keys, and services take no set of more than %d", cfg.Dir, len(k.entries), auth.MaxPublishedKeys)
	}
	slices.SortFunc(k.entries, func(a, b entry) int {
		if byAge := a.since.Compare(b.since); byAge != 0 {
			return byAge
		}
		return strings.Compare(a.key.Key.ID, b.key.Key.ID)
	})
	public := make([]auth.Key, len(k.entries))
	for i, e := range k.entries {
		public[i] = e.key.Key
	}
	var err error
	k.published, err = auth.JWKS(public...)
	return k, err
}

// Key returns the key that signs now.
func (r *Ring) Key() auth.SigningKey {
	entries, now := r.keys.Get().entries, r.now()
	for _, e := range slices.Backward(entries) {
		if now.Sub(e.since) >= PublishAhead {
			return e.key
		}
	}
	return entries[0].key
}

// Serve answers with the public halves of all keys (RFC 7517 §5).
func (r *Ring) Serve(c *gin.Context) { serve(c, r.keys.Get().published) }

// ServeNone answers with a set of no keys: a shared secret is never published.
func ServeNone(c *gin.Context) { serve(c, []byte(`{"keys":[]}`)) }

func serve(c *gin.Context, set []byte) {
	c.Header("Cache-Control", "public, max-age="+maxAge)
	c.Data(http.StatusOK, "application/jwk-set+json", set)
}
