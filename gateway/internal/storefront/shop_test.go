package storefront_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/storefront"
	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// shop is the pages on a real engine, before services that answer what a test says.
type shop struct {
	*httptest.Server

	mu       sync.Mutex
	answers  map[string]any // by "service METHOD path": what is answered, an error included
	asked    []upstream.Message
	sessions []storefront.Session
	ended    []string
	story    string // where is told what became of a request
}

var errSilent = errors.New("no answer in time")

// refuse is what a service says no with.
func refuse(status int, code string, fields ...problem.Field) error {
	return &upstream.Refused{Document: problem.Document{Status: status, Code: code, Detail: "No, says the service."}, Fields: fields}
}

var (
	cup    = storefront.Product{ID: 1, SKU: "KIT-0001", Name: "Espresso cup", Description: "Porcelain.", Price: 905, Currency: "EUR", Category: "kitchen", Active: true, Version: 3}
	branch = storefront.Branch{ID: 1, Name: "Harbour Street", City: "Hamburg"}
	mill   = storefront.Branch{ID: 3, Name: "Old Mill", City: "Freiburg"}
)

type j = map[string]any

func newShop(t testing.TB) *shop {
	t.Helper()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := &shop{
		answers: map[string]any{
			"public GET /products":                 j{"products": []storefront.Product{cup, {ID: 2, Name: "Desk lamp", Price: 7900, Currency: "EUR", Category: "office"}}, "next": "c2"},
			"public GET /products/1":               cup,
			"catalog GET /products/1":              cup,
			"public GET /products/9":               storefront.Product{ID: 9, Name: "Tea pot"},
			"public GET /products/404":             refuse(404, "product-not-found"),
			"inventory GET /branches":              j{"branches": []storefront.Branch{branch, mill}},
			"inventory GET /branches/1/products":   j{"branch": branch, "products": []storefront.Level{{ProductID: 1, Name: "Espresso cup", Quantity: 11}, {ProductID: 2, Name: "Desk lamp"}}},
			"inventory GET /branches/3/products":   j{"branch": mill, "products": []storefront.Level{{ProductID: 1, Name: "Espresso cup", Quantity: 4}}},
			"inventory GET /products/1/stock":      j{"product_id": 1, "branches": []j{{"id": 1, "name": "Harbour Street", "city": "Hamburg", "quantity": 11}, {"id": 3, "name": "Old Mill", "city": "Freiburg", "quantity": 4}}},
			"inventory GET /branches/1/movements":  j{"movements": []storefront.Movement{{ID: 31, At: at, Kind: "transfer", ProductID: 1, Name: "Espresso cup", Change: -2, Stock: 11, OtherBranch: 3, Note: "for the window"}}, "next": "31"},
			"inventory POST /branches/1/movements": storefront.Movement{ID: 31, Change: 5, Stock: 16},
			"catalog GET /admin/products":          j{"products": []storefront.Product{{ID: 8, SKU: "KIT-0008", Name: "Chipped cup", Price: 100, Currency: "EUR"}}, "next": "c8"},
			"catalog PUT /products/1":              storefront.Product{ID: 1, Version: 4},
			"catalog POST /products":               storefront.Product{ID: 71, Version: 1},
		},
		story:    "/explain/told",
		sessions: []storefront.Session{{Handle: "here", Since: at, Expires: at.Add(time.Hour), Here: true}, {Handle: "phone", Since: at, Expires: at.Add(time.Hour)}},
	}
	pages, err := storefront.New(storefront.Config{
		Visitor: visitor, Public: s.service("public"), Catalog: s.service("catalog"), Inventory: s.service("inventory"),
		Sessions:     func(*gin.Context) ([]storefront.Session, error) { return s.sessions, nil },
		EndSession:   func(_ *gin.Context, handle string) error { s.ended = append(s.ended, handle); return nil },
		Story:        func(*gin.Context) string { return s.story },
		SignInOrigin: "https://id.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := server.New(server.Config{Log: server.NewLogger(io.Discard, "error", "json"), Pages: pages.Problem})
	if err != nil {
		t.Fatal(err)
	}
	pages.Mount(r, require)
	server.Get(r, "/logout", pages.ConfirmLogout)
	server.Get(r, "/loop", func(c *gin.Context) {
		pages.Loop(c, storefront.Loop{Cause: c.Query("cause"), Again: "/login?insist=1", Else: "/login?prompt=login"})
	})
	server.Get(r, "/away", func(c *gin.Context) { problem.Unavailable(c, "It cannot be reached.", nil) })
	server.Get(r, "/problem/:status", func(c *gin.Context) {
		status, _ := strconv.Atoi(c.Param("status"))
		problem.Respond(c, status, "<i>The detail.</i>", nil)
	})
	server.Get(r, "/oauth-redirect", failSignIn)
	server.Get(r, "/branches/:id/products", require, auth.RequireRole("", auth.Admin, auth.BranchManager), func(c *gin.Context) { problem.Forbidden(c, nil) })
	server.Get(r, "/products/:id/stock", require, auth.RequireRole("", auth.Admin, auth.BranchManager), server.RequireID)
	server.Get(r, "/dressed", func(c *gin.Context) { pages.Dress(c, "A guest", "<h1>Of another <em>package</em></h1>") })
	server.Get(r, "/refused", func(c *gin.Context) { problem.Unauthorized(c, false, nil) })
	s.Server = httptest.NewServer(r)
	t.Cleanup(s.Close)
	return s
}

// visitor is the one whose roles the request names, so that each request of a test can come from somebody else.
func visitor(c *gin.Context) (storefront.Visitor, bool) {
	as := c.GetHeader("As")
	if as == "unknown" {
		return storefront.Visitor{Unknown: true}, false
	}
	v := storefront.Visitor{Name: "Jo Example", Email: "jo@example.com", Expires: time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)}
	if as != "nothing" {
		v.Roles = []auth.Role{auth.Role(as)}
	}
	return v, as != ""
}

// failSignIn answers as the package login does: with the status and the code of a problem, which the request names.
func failSignIn(c *gin.Context) {
	status, _ := strconv.Atoi(c.Query("status"))
	problem.Table{{Err: errSilent, Status: status, Slug: c.Query("slug"), Detail: "A sentence for programs."}}.Respond(c, errSilent)
}

func require(c *gin.Context) {
	v, ok := visitor(c)
	switch {
	case c.GetHeader("Store") == "away":
		problem.Unavailable(c, "Your sign-in cannot be checked at the moment.", nil)
	case ok:
		auth.Pass(c, auth.Principal{Kind: auth.UserToken, Subject: "jo", Roles: v.Roles})
	case auth.Navigates(c.Request):
		c.Redirect(http.StatusFound, "/login?return_to="+url.QueryEscape(c.Request.RequestURI))
		c.Abort()
	default:
		problem.Unauthorized(c, false, nil)
	}
}

func (s *shop) service(name string) storefront.Service {
	return func(_ *gin.Context, m upstream.Message, out any) error {
		path, _, _ := strings.Cut(m.URI, "?")
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, m)
		switch answer := s.answers[name+" "+m.Method+" "+path].(type) {
		case nil:
			return refuse(http.StatusNotFound, "not-found")
		case error:
			return answer
		default:
			text, err := json.Marshal(answer)
			if err != nil {
				return err
			}
			return json.Unmarshal(text, out)
		}
	}
}

// say has a service answer otherwise from now on.
func (s *shop) say(question string, answer any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[question] = answer
}

// last is the last message with the method that a service got.
func (s *shop) last(t testing.TB, method string) upstream.Message {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.asked) - 1; i >= 0; i-- {
		if s.asked[i].Method == method {
			return s.asked[i]
		}
	}
	t.Fatalf("no service was asked to %s", method)
	return upstream.Message{}
}

func (s *shop) get(t testing.TB, as, target string, header ...string) page {
	t.Helper()
	return s.send(t, http.MethodGet, as, target, nil, header...)
}

func (s *shop) post(t testing.TB, as, target string, form url.Values, header ...string) page {
	t.Helper()
	return s.send(t, http.MethodPost, as, target, form, header...)
}

// send is what a browser sends; it follows nothing.
func (s *shop) send(t testing.TB, method, as, target string, form url.Values, header ...string) page {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+target, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	req.Header.Set("As", as)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return newPage(t, res, string(body))
}
