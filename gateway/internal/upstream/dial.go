package upstream

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// connectTimeout bounds a connection's making, TLS included.
const connectTimeout = 3 * time.Second

// When the circuit opens, and how often it is tried from then on. Only failures to connect count: an answer, however bad, comes from a
// service that is there, and a breaker that opens on those takes away what still works.
const (
	failureRate = 0.5
	leastDials  = 20
	dialPeriod  = 10 * time.Second
	probeEvery  = 200 * time.Millisecond
)

// dialer opens connections to a service, unless most of the last attempts have failed. Kept connections are used whatever it says.
type dialer struct {
	network net.Dialer
	addr    string
	tls     *tls.Config // nil is plain
	timeout time.Duration
	circuit circuitbreaker.CircuitBreaker[any]
}

func newDialer(cfg Config) *dialer {
	d := &dialer{
		network: net.Dialer{KeepAlive: 30 * time.Second},
		addr:    address(cfg.URL),
		timeout: min(cfg.Timeout, connectTimeout),
		circuit: newCircuit(cfg.Log.With("service", cfg.URL.Host)),
	}
	if cfg.URL.Scheme == "https" {
		d.tls = &tls.Config{MinVersion: tls.VersionTLS12}
		if cfg.TLS != nil {
			d.tls = cfg.TLS.Clone()
		}
		d.tls.ServerName = cfg.URL.Hostname()
		d.tls.NextProtos = []string{"http/1.1"}
	}
	return d
}

func address(u *url.URL) string {
	port := "80"
	if u.Scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
}

func newCircuit(log *slog.Logger) circuitbreaker.CircuitBreaker[any] {
	return circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(failureRate, leastDials, dialPeriod).
		WithSuccessThreshold(1).
		WithDelay(probeEvery).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			switch {
			case e.NewState == circuitbreaker.ClosedState:
				log.Info("service can be reached again")
			case e.OldState == circuitbreaker.ClosedState:
				log.Warn("service cannot be reached, and is only probed")
			}
		}).
		Build()
}

var errOpen = errors.New("most of the last connections failed")

// dial opens a connection. Every permit of the circuit ends in a success or a failure.
func (d *dialer) dial(ctx context.Context) (net.Conn, error) {
	if !d.circuit.TryAcquirePermit() {
		return nil, errOpen
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	conn, err := d.open(ctx)
	if err != nil {
		d.circuit.RecordFailure()
		return nil, fmt.Errorf("dial %s: %w", d.addr, err)
	}
	d.circuit.RecordSuccess()
	return conn, nil
}

func (d *dialer) open(ctx context.Context) (net.Conn, error) {
	raw, err := d.network.DialContext(ctx, "tcp", d.addr)
	if err != nil || d.tls == nil {
		return raw, err
	}
	conn := tls.Client(raw, d.tls)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return conn, nil
}
