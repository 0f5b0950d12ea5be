package attack

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// The doors that rows are tried at.
var (
	atGateway = []string{stack.Gateway}
	behind    = []string{stack.Catalog, stack.Inventory}
	everyDoor = []string{stack.Gateway, stack.Catalog, stack.Inventory}
)

func nameOf(door string) string {
	if door == stack.Gateway {
		return "BASE"
	}
	return strings.ToUpper(door)
}

// run is one run: who has signed in so far, and what was seen that nobody should see.
type run struct {
	target   Target
	wire     wire
	sessions map[string]string // the Cookie header, by person
	tokens   map[string]tokens
	failed   map[string]error // who could not sign in: once is enough
	mu       sync.Mutex
	leaks    []string // answers that show a secret
}

func newRun(ctx context.Context, target Target) (*run, error) {
	if target.Identity == "" {
		identity, err := matrix.IdentityOf(ctx, target.Target)
		if err != nil {
			return nil, err
		}
		target.Identity = identity
	}
	r := &run{target: target, wire: newWire(target.Transport), sessions: map[string]string{}, tokens: map[string]tokens{}, failed: map[string]error{}}
	if a := r.wire.one(ctx, target.URLs[stack.Gateway], requestBytes(target.URLs[stack.Gateway], "GET /healthz", "")); a.status == 0 {
		return nil, fmt.Errorf("%s does not answer: %w", target.URLs[stack.Gateway], a.err)
	}
	return r, nil
}

func (r *run) close() {
	if r.target.Tap != nil {
		r.target.Tap.Answer(nil)
	}
	if r.target.Liar != nil {
		r.target.Liar.Tell("")
	}
}

// probe is one row at one door.
type probe struct {
	*run
	door   string
	total  int // of the faults
	faults []string
	noting sync.Mutex
}

const shownFaults = 5

// note says what was wrong with an answer.
func (p *probe) note(format string, args ...any) {
	p.noting.Lock()
	defer p.noting.Unlock()
	if p.total++; p.total <= shownFaults {
		p.faults = append(p.faults, fmt.Sprintf(format, args...))
	}
}

func (p *probe) reasons() []string {
	if more := p.total - shownFaults; more > 0 {
		return append(p.faults, fmt.Sprintf("and %d more", more))
	}
	return p.faults
}

// base is the address of the door.
func (p *probe) base() string { return p.target.URLs[p.door] }

// ask sends one request, such as "GET /me", with header fields as they stand, and gives the answer. Host and Connection are added
// unless they are among the fields.
func (p *probe) ask(ctx context.Context, line string, fields ...string) answer {
	return p.put(ctx, line, "", fields...)
}

// put is ask with a body.
func (p *probe) put(ctx context.Context, line, body string, fields ...string) answer {
	a := p.wire.one(ctx, p.base(), requestBytes(p.base(), line, body, fields...))
	p.watch(line, a)
	if a.unreached {
		p.note("no connection: %v", a.err)
	}
	return a
}

// webToken is what no answer may show: a JWT, which begins with two JSON objects in base64.
var webToken = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}`)

// watch keeps what an answer shows of a secret for the row that looks at all of them.
func (r *run) watch(line string, a answer) {
	var shown string
	switch {
	case webToken.Match(a.body) || webToken.MatchString(fmt.Sprint(a.header)):
		shown = "a token"
	case r.target.SigningKey != "" && strings.Contains(string(a.body), r.target.SigningKey), r.target.ClientSecret != "" && strings.Contains(string(a.body), r.target.ClientSecret):
		shown = "a secret"
	case strings.Contains(string(a.body), "goroutine "), strings.Contains(string(a.body), ".go:"):
		shown = "a stack trace"
	default:
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(line) > 80 {
		line = line[:80] + "…"
	}
	r.leaks = append(r.leaks, fmt.Sprintf("%q is answered %d with %s", line, a.status, shown))
}

// wants notes an answer whose status is not among those.
func (p *probe) wants(what string, a answer, statuses ...int) bool {
	if slices.Contains(statuses, a.status) {
		return true
	}
	p.note("%s: answered %s", what, a)
	return false
}

// private is a target at the door that an admin may see.
func (p *probe) private() string {
	if p.door == stack.Catalog {
		return "/products"
	}
	return "/branches/1/products"
}

func (p *probe) tap() (Tap, error) {
	if p.target.Tap == nil {
		return nil, untried("what reaches the services is seen in a stack of our own alone (run it without BASE_URL)")
	}
	p.target.Tap.Take()
	return p.target.Tap, nil
}

func (r *run) person(name string) (browser.Person, error) {
	who := r.target.People[name]
	if who.Email == "" || who.Password == "" {
		return who, untried(fmt.Sprintf("%s_EMAIL or %[1]s_PASSWORD is not set", strings.ToUpper(name)))
	}
	return who, nil
}

// enter signs the person in with a browser that nobody else uses.
func (r *run) enter(ctx context.Context, name string) (*browser.Browser, error) {
	who, err := r.person(name)
	if err != nil {
		return nil, err
	}
	b := browser.Over(r.target.Transport)
	return b, b.SignIn(ctx, r.target.URLs[stack.Gateway], who)
}

// fresh is the Cookie header of a session that nobody else uses.
func (r *run) fresh(ctx context.Context, name string) (string, error) {
	b, err := r.enter(ctx, name)
	if err != nil {
		return "", err
	}
	return "Cookie: " + b.Cookies(r.target.URLs[stack.Gateway]), nil
}

// session is the Cookie header of a session that rows share, none of which may end it.
func (r *run) session(ctx context.Context, name string) (string, error) {
	if cookie, ok := r.sessions[name]; ok {
		return cookie, nil
	}
	if err, ok := r.failed[name]; ok {
		return "", err
	}
	cookie, err := r.fresh(ctx, name)
	if err != nil {
		r.failed[name] = err
		return "", err
	}
	r.sessions[name] = cookie
	return cookie, nil
}

// each does it for every item, a few at a time.
func each[T any](items []T, do func(T)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, item := range items {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(item)
		})
	}
	wg.Wait()
}

var errNoLogin = errors.New("the login leads nowhere")
