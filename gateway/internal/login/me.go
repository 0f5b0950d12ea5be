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
	TokenExpires   time.Time   `json:"token_expires_at"`       // when the roles are asked for anew, at the latest
	WhyNoRoles     string      `json:"why_no_roles,omitempty"` // there when roles is empty
}

func (l *Login) me(c *gin.Context) {
	p, _ := auth.From(c)
	answer := me{ID: p.Subject, Roles: p.Roles, SessionExpires: p.ExpiresAt, TokenExpires: p.ExpiresAt}
	if answer.Roles == nil {
		answer.Roles, answer.WhyNoRoles = []auth.Role{}, whyNoRoles(p)
	}
	if s, err := session.From(c); err == nil {
		answer.Name, answer.Email, answer.SessionExpires = s.Name, s.Email, s.Expires
	}
	c.JSON(http.StatusOK, answer)
}

// whyNoRoles tells the two ways apart in which FusionAuth signs somebody in without a role.
func whyNoRoles(p auth.Principal) string {
	if !p.Registered {
		return "The user is not registered for this application: add the registration in FusionAuth, and sign in again."
	}
	return "The user's registration for this application has no role that is known here: add one in FusionAuth, and sign in again."
}
