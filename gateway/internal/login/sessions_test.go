package login_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/login"
	"storefront/gateway/internal/session"
)

// sessionsOf is a page that lists sessions, a handle a line with a star at the one that asks; a POST with a handle ends that one.
func sessionsOf(l *login.Login) gin.HandlerFunc {
	return func(c *gin.Context) {
		var lines strings.Builder
		all, here, err := l.Sessions(c)
		for _, s := range all {
			mark := ""
			if s.Key == here {
				mark = "*"
			}
			fmt.Fprintf(&lines, "%s%s\n", mark, s.Key.Handle())
		}
		if err == nil && c.Request.Method == http.MethodPost {
			err = l.EndSession(c, c.Query("handle"))
		}
		if err != nil {
			c.String(http.StatusServiceUnavailable, "away")
			return
		}
		c.String(http.StatusOK, lines.String())
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b, phone := s.browser(t), s.browser(t)
	if res := b.get("/sessions"); res.StatusCode != http.StatusOK || res.text != "" {
		t.Errorf("nobody's sessions = %d %q", res.StatusCode, res.text)
	}
	phone.mustSignIn()
	b.mustSignIn()
	mine := strings.Fields(b.get("/sessions").text)
	if len(mine) != 2 || strings.HasPrefix(mine[0], "*") == strings.HasPrefix(mine[1], "*") {
		t.Fatalf("sessions = %v, want two, one of them here", mine)
	}
	handle := mine[0]
	if strings.HasPrefix(handle, "*") {
		handle = mine[1]
	}
	b.do(http.MethodPost, "/sessions?handle=unknown")
	if res := phone.get("/me"); res.StatusCode != http.StatusOK {
		t.Fatalf("an unknown handle has ended a session: %d", res.StatusCode)
	}
	b.do(http.MethodPost, "/sessions?handle="+handle)
	if res := phone.get("/me"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the ended session: %d, want 401", res.StatusCode)
	}
	if res := b.get("/me"); res.StatusCode != http.StatusOK {
		t.Errorf("the session that ended it: %d, want 200", res.StatusCode)
	}
	if got := s.id.revoked; len(got) != 1 {
		t.Errorf("revoked = %v, want the ended session's refresh token", got)
	}
	s.store.down.Store(true)
	if res := b.get("/sessions"); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("store away: %d, want 503", res.StatusCode)
	}
}

// A handle is no secret: it must not end the session of somebody else.
func TestEndSession_ofAnotherUser(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	key := session.Key(sha256.Sum256([]byte("victim")))
	if err := s.store.Create(t.Context(), key, session.Record{Subject: "victim", Expires: s.clock.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	attacker := s.browser(t)
	attacker.mustSignIn()
	attacker.do(http.MethodPost, "/sessions?handle="+key.Handle())
	if _, err := s.store.Load(t.Context(), key); err != nil {
		t.Errorf("the victim's session: %v", err)
	}
}
