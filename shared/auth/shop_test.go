package auth_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// shop is a service with one route of each sort, behind real HTTP.
type shop struct {
	*authtest.Issuer
	url     string
	lastErr atomic.Value // what the access log would show
}

const secretData = "42 screws"

func newShop(t *testing.T, loginRedirect, forbiddenLocation string) *shop {
	t.Helper()
	return serveShop(t, newIssuer(t, "HS256"), loginRedirect, forbiddenLocation)
}

func serveShop(t *testing.T, iss *authtest.Issuer, loginRedirect, forbiddenLocation string) *shop {
	t.Helper()
	s := &shop{Issuer: iss}
	return s.serve(t, s.Verifier(t, "catalog"), loginRedirect, forbiddenLocation)
}

func (s *shop) serve(t *testing.T, v *auth.Verifier, loginRedirect, forbiddenLocation string) *shop {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.Use(func(c *gin.Context) {
		c.Next()
		s.lastErr.Store(c.Errors.String() + c.GetString(gin.AuthUserKey))
	})
	show := func(c *gin.Context) {
		p, _ := auth.From(c)
		c.JSON(http.StatusOK, gin.H{"data": secretData, "subject": p.Subject, "roles": p.Roles, "user": c.GetString(gin.AuthUserKey)})
	}
	either := engine.Group("/", auth.Authenticate(v, auth.AnyToken, loginRedirect))
	either.Match([]string{"GET", "HEAD", "POST"}, "/products", show)
	users := engine.Group("/", auth.Authenticate(v, auth.UserToken, loginRedirect))
	users.GET("/me", show)
	users.GET("/branches/:id/products", auth.RequireRole(forbiddenLocation, auth.Admin, auth.BranchManager), show)
	engine.GET("/gateway-only", auth.Authenticate(v, auth.GatewayToken, loginRedirect), show)
	engine.GET("/forgotten", auth.RequireRole("", auth.Admin), show)
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request; change, when there is one, may bend it.
func (s *shop) ask(t *testing.T, method, path, token string, change func(*http.Request)) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if change != nil {
		change(r)
	}
	client := http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}
