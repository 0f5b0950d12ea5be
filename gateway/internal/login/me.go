package login

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/session"
	"storefront/shared/auth"
)

// me is what the caller may know of itself. A Bearer client has no session: its answer ends with its token, and has no name.
type me struct {
	ID             string      `json:"id"`
	Name           string      `json:"name"`
	Email          string      `json:"email"`
	Roles          []auth.Role `json:"roles"`
	SessionExpires time.Time   `json:"session_expires_at"`
}

func (l *Login) me(c *gin.Context) {
	p, _ := auth.From(c)
	answer := me{ID: p.Subject, Roles: p.Roles, SessionExpires: p.ExpiresAt}
	if answer.Roles == nil {
		answer.Roles = []auth.Role{}
	}
	if s, err := session.From(c); err == nil {
		answer.Name, answer.Email, answer.SessionExpires = s.Name, s.Email, s.Expires
	}
	c.JSON(http.StatusOK, answer)
}
