package login

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// Limits of what the identity server may take and send.
const (
	providerTimeout = 5 * time.Second
	revocations     = 8 // at a time
	maxAnswer       = 1 << 20
)

// newClient returns the client for everything that the gateway asks the identity server: five seconds for an exchange, no
// redirects (a token endpoint that redirects would be sent the code again), a bounded answer.
func newClient(trust *tls.Config) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = trust
	transport.MaxIdleConnsPerHost = 16
	transport.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{
		Timeout:       providerTimeout,
		Transport:     boundedAnswers{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// oauth is the client of p's token endpoint, with its secret of this moment.
func (l *Login) oauth(p *provider) *oauth2.Config {
	c := p.oauth2
	c.ClientSecret = string(l.secret.Get())
	return &c
}

// boundedAnswers makes reading fail beyond maxAnswer, since not every library behind it counts.
type boundedAnswers struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b boundedAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if res.ContentLength > maxAnswer {
		_ = res.Body.Close()
		return nil, errTooLarge
	}
	res.Body = &boundedBody{res.Body, maxAnswer}
	return res, nil
}

var errTooLarge = errors.New("answer of the identity server is too large")

type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("%w: over %d bytes", errTooLarge, maxAnswer)
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
