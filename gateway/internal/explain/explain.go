// Package explain shows what became of a request: which token went where, what it says, who verified it, and by what. It is for the
// reader of the article, on their own machine: the stories hold what tokens say of people, so the gateway makes a Recorder only where
// GATEWAY_URL is loopback, and tells them under that name alone. Signatures are cut off before anything is kept: no token can be made
// out of a story.
//
//	GET /explain               the last requests
//	GET /explain/{request id}  one of them, as a page; with Accept: application/json as JSON
package explain

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

//go:embed explain.html
var templates embed.FS

// kept is how many stories there are at most; older ones are forgotten.
const kept = 100

// Recorder keeps the stories of the last requests. It is safe for concurrent use.
type Recorder struct {
	host    string               // of GATEWAY_URL
	keys    map[auth.Kind]string // who made the key of a kind of token, and who knows it
	page    *template.Template
	mu      sync.Mutex
	stories []*Story // the newest last
}

// New returns an empty recorder, which shows itself under the host of GATEWAY_URL. Keys says in words which key signs each kind of token.
func New(host string, keys map[auth.Kind]string) (*Recorder, error) {
	page, err := template.ParseFS(templates, "explain.html")
	if err != nil {
		return nil, fmt.Errorf("parse explain.html: %w", err)
	}
	return &Recorder{host: host, keys: keys, page: page}, nil
}

// Story is one request.
type Story struct {
	ID      string `json:"request_id"`
	Method  string `json:"method"`
	Target  string `json:"target"` // without its query, which may hold a code
	Caller  string `json:"caller"` // what the request brought along
	Status  int    `json:"status"`
	Outcome string `json:"outcome"` // what the gateway did with it, in a sentence
	Hops    []Hop  `json:"hops"`    // to services
}

// Hop is one token on its way to a service.
type Hop struct {
	Service string   `json:"service"`
	Request string   `json:"request"`
	Why     string   `json:"why"` // this token and no other
	Token   Token    `json:"token"`
	Key     string   `json:"key"`    // that it is verified with, and by whom
	Checks  []string `json:"checks"` // that the service makes, in their order
}

const storyKey = "explain.story"

// Watch is the middleware that tells the story of each request; what people have not asked for, such as styles, has none.
func (r *Recorder) Watch(c *gin.Context) {
	s := &Story{ID: server.RequestID(c), Method: c.Request.Method, Target: c.Request.URL.Path, Caller: caller(c.Request)}
	c.Set(storyKey, s)
	defer r.keep(c, s)
	c.Next()
}

func caller(r *http.Request) string {
	switch {
	case r.Header.Get("Authorization") != "":
		return "an API client, with an access token as Bearer"
	case strings.Contains(r.Header.Get("Cookie"), "fa.gw.sid="):
		return "a browser, with the cookie fa.gw.sid: a random id and no token"
	default:
		return "nobody in particular: no cookie, no token"
	}
}

// Address is where the story of the request will be told; "" where it will not, as on a nil Recorder.
func (r *Recorder) Address(c *gin.Context) string {
	s, ok := c.Value(storyKey).(*Story)
	if !ok || isSilent(c.FullPath()) || !r.isHome(c) {
		return ""
	}
	return "/explain/" + s.ID
}

var silent = []string{"", "/healthz", "/readyz", "/explain", "/explain/:request", "/.well-known/jwks.json", "/products/:id/image"}

// isSilent reports whether nothing is told of a route.
func isSilent(route string) bool {
	return slices.Contains(silent, route) || strings.HasPrefix(route, "/static/")
}

func (r *Recorder) keep(c *gin.Context, s *Story) {
	if isSilent(c.FullPath()) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Status = c.Writer.Status()
	s.Outcome = outcome(c, s)
	if len(r.stories) == kept {
		r.stories = slices.Delete(r.stories, 0, 1)
	}
	r.stories = append(r.stories, s)
}

func outcome(c *gin.Context, s *Story) string {
	switch {
	case len(s.Hops) > 0:
		return "The gateway dropped what the caller had sent along, and forwarded the request with the token below."
	case s.Status == http.StatusUnauthorized:
		return "The gateway found no valid sign-in, and asked no service."
	case s.Status == http.StatusForbidden:
		return fmt.Sprintf("The gateway knew who it was, and that the roles do not suffice: this needs one of %v. It asked no service.", auth.Needed(c))
	case s.Status >= 300 && s.Status < 400:
		return "The gateway sent the browser on to " + before(c.Writer.Header().Get("Location"), "?") + "."
	default:
		return "The gateway answered by itself."
	}
}

func before(text, cut string) string {
	head, _, _ := strings.Cut(text, cut)
	return head
}

// Source watches the tokens that a source gives to a service. On a nil Recorder it is the source itself.
func (r *Recorder) Source(service string, next func(*gin.Context, auth.Target, bool) (string, error)) func(*gin.Context, auth.Target, bool) (string, error) {
	if r == nil {
		return next
	}
	return func(c *gin.Context, target auth.Target, renew bool) (string, error) {
		token, err := next(c, target, renew)
		if s, ok := c.Value(storyKey).(*Story); ok && err == nil {
			r.add(s, r.hop(service, target, token))
		}
		return token, err
	}
}

// add takes the lock, since a page asks services at the same time.
func (r *Recorder) add(s *Story, h Hop) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Hops = append(s.Hops, h)
}

func (r *Recorder) hop(service string, target auth.Target, compact string) Hop {
	token := read(compact)
	kind := auth.UserToken
	why := "This address asks who somebody is, so the gateway relays the access token that FusionAuth issued to this user. It has verified it itself before."
	if token.Header["typ"] == "gateway+jwt" {
		kind = auth.GatewayToken
		why = "Nobody has to be signed in for this, so the gateway made a token of its own: for this service (aud), this request (htm, data), and ten minutes."
	}
	return Hop{
		Service: service, Request: target.Method + " " + target.URI, Why: why, Token: token,
		Key: r.keys[kind], Checks: auth.Checks(kind),
	}
}

// Dress answers with a page of the site around a body.
type Dress func(c *gin.Context, title string, body template.HTML)

// isHome reports whether the request names the gateway as GATEWAY_URL does.
func (r *Recorder) isHome(c *gin.Context) bool { return strings.EqualFold(c.Request.Host, r.host) }

// requireHome hides the stories from every other name. A page elsewhere whose name comes to point at this machine is same-origin with
// what it fetches here (DNS rebinding); it cannot choose the Host that its browser sends.
func (r *Recorder) requireHome(c *gin.Context) {
	if !r.isHome(c) {
		server.NotFound(c)
	}
}

// Mount adds the pages to r.
func (r *Recorder) Mount(routes gin.IRoutes, dress Dress) {
	server.Get(routes, "/explain", r.requireHome, func(c *gin.Context) { r.show(c, r.all(), dress) })
	server.Get(routes, "/explain/:request", r.requireHome, func(c *gin.Context) {
		for _, s := range r.all() {
			if s.ID == c.Param("request") {
				r.show(c, []*Story{s}, dress)
				return
			}
		}
		problem.Respond(c, http.StatusNotFound, "This request is not among the last ones.", nil)
	})
}

// all gives the stories, the newest first. What is in the list does not change any more.
func (r *Recorder) all() []*Story {
	r.mu.Lock()
	defer r.mu.Unlock()
	stories := slices.Clone(r.stories)
	slices.Reverse(stories)
	return stories
}

func (r *Recorder) show(c *gin.Context, stories []*Story, dress Dress) {
	c.Header("Cache-Control", "no-store")
	if !auth.Navigates(c.Request) {
		c.JSON(http.StatusOK, gin.H{"requests": stories})
		return
	}
	var body strings.Builder
	if err := r.page.Execute(&body, gin.H{"Stories": stories, "One": c.Param("request") != ""}); err != nil {
		problem.Table(nil).Respond(c, fmt.Errorf("render explain.html: %w", err))
		return
	}
	dress(c, "Show me the tokens", template.HTML(body.String())) //nolint:gosec // by html/template
}
