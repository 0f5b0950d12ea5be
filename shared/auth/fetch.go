package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits of what is fetched.
const (
	fetchTimeout = 5 * time.Second
	maxFetched   = 256 << 10
)

// newClient follows no redirect: whoever may redirect the request for a key could bring keys of his own. Fetches are
// minutes apart, so no connection is kept for them.
func newClient(trust *tls.Config) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = trust
	transport.DisableKeepAlives = true
	transport.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{
		Timeout:       fetchTimeout,
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// get returns a small document.
func get(ctx context.Context, client *http.Client, address string) (string, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := client.Do(req)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return "", nil, fmt.Errorf("get %s: answered %d", address, res.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxFetched+1))
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("get %s: %w", address, err)
	case len(text) > maxFetched:
		return "", nil, fmt.Errorf("get %s: more than %d bytes", address, maxFetched)
	}
	return string(text), res.Header, nil
}

// freshness is the answer's max-age (RFC 9111 §5.2.2.1), within bounds: a host that says never or always is not obeyed.
func freshness(header http.Header) time.Duration {
	for directive := range strings.SplitSeq(header.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if seconds, err := strconv.ParseUint(value, 10, 31); err == nil && strings.EqualFold(name, "max-age") {
			return min(max(time.Duration(seconds)*time.Second, minFresh), maxFresh)
		}
	}
	return defaultFresh
}

// Locator finds out where a key set is published.
type Locator func(ctx context.Context, client *http.Client) (address string, err error)

// At is the Locator of an address that is known.
func At(address string) Locator {
	return func(context.Context, *http.Client) (string, error) { return address, nil }
}

// Discovered is the Locator that reads the jwks_uri of the identity server at base (OpenID Connect Discovery §3). The
// document must name the issuer whose tokens the keys are to verify, and only its path counts: base is where services
// reach the server, which the document's host name may not be.
func Discovered(base *url.URL, issuer string) Locator {
	return func(ctx context.Context, client *http.Client) (string, error) {
		text, _, err := get(ctx, client, base.String()+"/.well-known/openid-configuration")
		if err != nil {
			return "", err
		}
		doc, ok := parseObject(text)
		if !ok {
			return "", errors.New("discovery document is not one JSON object")
		}
		if named, _ := doc.text("issuer"); named != issuer {
			return "", fmt.Errorf("identity server calls itself %q and FUSIONAUTH_ISSUER is %q: set one to the other", named, issuer)
		}
		published, _ := doc.text("jwks_uri")
		u, err := url.Parse(published)
		if err != nil || u.Host == "" {
			return "", fmt.Errorf("jwks_uri %q is no absolute URL", published)
		}
		u.Scheme, u.Host, u.User = base.Scheme, base.Host, nil
		return u.String(), nil
	}
}
