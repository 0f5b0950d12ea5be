package session_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/session"
	"storefront/gateway/internal/session/sessiontest"
)

// Whatever stands in the Cookie header, it is nobody's session but that of the one id that was given.
func FuzzCookie(f *testing.F) {
	clock := sessiontest.NewClock()
	r := gin.New()
	r.Use(session.Sessions(session.NewMemory(session.DefaultLimit, session.DefaultLifetimes.Idle, clock.Now), false))
	var found error
	r.POST("/", func(c *gin.Context) {
		if err := session.Start(c, session.Record{Subject: "user-1", Expires: clock.Now().Add(time.Hour)}); err != nil {
			f.Error(err)
		}
	})
	r.GET("/", func(c *gin.Context) { _, found = session.From(c) })
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	good, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	for _, cookies := range []string{
		good, "a=b; " + good, good + "; " + good, good + "x", good[:len(good)-1], strings.ToUpper(good), strings.Replace(good, "=", "=\"", 1) + `"`, "fa.gw.sid=", "", ";;=;", good + "\x00", "fa.gw.sid=%00",
		"__Host-" + good, "fa.gw.sid=" + strings.Repeat("A", 4096),
	} {
		f.Add(cookies)
	}
	f.Fuzz(func(t *testing.T, cookies string) {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header["Cookie"] = []string{cookies}
		r.ServeHTTP(httptest.NewRecorder(), req)
		switch {
		case errors.Is(found, session.ErrNone):
		case found != nil:
			t.Errorf("%q: %v", cookies, found)
		case strings.Count(cookies, "fa.gw.sid") == 0 || !strings.Contains(cookies, strings.TrimPrefix(good, "fa.gw.sid=")):
			t.Errorf("%q is a session", cookies)
		}
	})
}
