package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"storefront/gateway/internal/session"
	"storefront/shared/auth"
	"storefront/shared/config"
)

// examination is what the checks learn on their way.
type examination struct {
	cfg       Config
	outside   *http.Client             // for what the gateway asks of others
	inside    *http.Client             // for services, which are never asked through a proxy
	known     *discovery               // nil until the identity server has described itself
	redirects bool                     // it does, to the gateway
	answers   bool                     // the gateway does, at its public URL
	entry     *answer                  // of /login there
	up        map[string]bool          // the services
	skews     map[string]time.Duration // of the clocks
	token     string                   // a user's, that the gateway's own verifier takes
	verified  auth.Principal           // whom it proves
}

// Limits of each question.
const (
	timeout   = 5 * time.Second
	maxAnswer = 1 << 20
)

func newExamination(cfg Config) *examination {
	outside := http.DefaultTransport.(*http.Transport).Clone()
	outside.TLSClientConfig = cfg.TLS
	outside.DisableKeepAlives = true
	inside := outside.Clone()
	inside.Proxy = nil
	return &examination{
		cfg: cfg, outside: client(outside), inside: client(inside),
		up: map[string]bool{}, skews: map[string]time.Duration{},
	}
}

// client follows no redirect: where one leads is what is asked for.
func client(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Timeout: timeout, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	text string
}

// ask sends a request. Its errors do not repeat the address, which may be long.
func ask(ctx context.Context, c *http.Client, method, address string, form url.Values, header http.Header) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	maps.Copy(req.Header, header)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := c.Do(req)
	if failed, is := errors.AsType[*url.Error](err); is {
		err = failed.Err
	}
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return answer{res, string(text)}, err
}

// observe asks one of the servers, and looks at its clock.
func (e *examination) observe(ctx context.Context, of string, c *http.Client, address string) (answer, error) {
	before := time.Now()
	a, err := ask(ctx, c, http.MethodGet, address, nil, nil)
	if err != nil {
		return a, err
	}
	if date, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		e.skews[of] = skew(date, before, time.Now())
	}
	return a, nil
}

// skew is how far ahead a clock certainly is that read date, in whole seconds, between two times of ours; behind is negative.
func skew(date, before, after time.Time) time.Duration {
	switch latest := date.Add(time.Second); {
	case date.After(after):
		return date.Sub(after)
	case latest.Before(before):
		return latest.Sub(before)
	default:
		return 0
	}
}

func (e *examination) settings(context.Context, string) Finding {
	if len(e.cfg.Faults) == 0 {
		return ok("all of them can be used")
	}
	lines := make([]string, len(e.cfg.Faults))
	for i, fault := range e.cfg.Faults {
		lines[i] = fault.Error()
	}
	return fail("each line says what to do; gateway config shows every setting and where it comes from", "%s", strings.Join(lines, "; "))
}

// Clocks that are further apart than tolerable refuse tokens; drifting ones soon will.
const (
	tolerable = 30 * time.Second // the leeway of every token check
	drifting  = 5 * time.Second
)

func (e *examination) clock(_ context.Context, of string) Finding {
	const mend = "run NTP on both machines: tokens are refused whose times are more than 30 s off"
	apart, known := e.skews[of]
	side := "ahead of"
	if apart < 0 {
		side = "behind"
	}
	found := fmt.Sprintf("its clock is %v %s this one", apart.Abs().Round(time.Second), side)
	switch {
	case !known:
		return skip("it did not say what time it is")
	case apart.Abs() > tolerable:
		return fail(mend, "%s", found)
	case apart.Abs() > drifting:
		return warn(mend, "%s", found)
	default:
		return ok("its clock is right")
	}
}

func (e *examination) redis(ctx context.Context, _ string) Finding {
	if e.cfg.RedisURL == "" {
		return skip("sessions are kept in memory (SESSION_STORE=memory)")
	}
	const mend = "start it, or mend REDIS_URL; until then nobody can sign in or stay signed in"
	store, err := session.OpenRedis(string(e.cfg.RedisURL), e.cfg.TLS)
	if err != nil {
		return fail(mend, "%v", err)
	}
	defer func() { _ = store.Close() }()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := store.Ping(ctx).Err(); err != nil {
		return fail(mend, "Redis does not answer: %v", err)
	}
	return ok("Redis answers")
}

// keyPrint names the key of gateway tokens without telling anything of it.
func (e *examination) keyPrint() string {
	if e.cfg.AuthMode == config.JWKS {
		return "keys of GATEWAY_SIGNING_KEYS"
	}
	values := e.cfg.JWTSigningKey.Values()
	if len(values) == 0 {
		return "no key"
	}
	return "JWT_SIGNING_KEY with fingerprint " + cmp.Or(values[0].Fingerprint(), "(none)")
}
