package storefront

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/problem"
)

// power is a role and what it lets people do.
type power struct {
	Role auth.Role
	Can  string
}

var powers = map[auth.Role]string{
	auth.Admin:         "sees and changes everything: products, and the stock of every branch",
	auth.BranchManager: "sees and moves the stock of the branches that inventory assigns",
	auth.Customer:      "looks around like everybody else",
	auth.Anonymous:     "stands for people who are not signed in",
}

type accountPage struct {
	Roles    []power
	Here     *Session
	Others   []Session
	Visitor  Visitor
	SignedIn bool // with this browser, and not by a token
}

const sessionsAway = "Your sessions cannot be looked up at the moment."

func (p *Pages) account(c *gin.Context) {
	caller, _ := auth.From(c)
	page := accountPage{}
	page.Visitor, page.SignedIn = p.cfg.Visitor(c)
	for _, role := range caller.Roles {
		page.Roles = append(page.Roles, power{role, powers[role]})
	}
	sessions, err := p.cfg.Sessions(c)
	if err != nil {
		problem.Unavailable(c, sessionsAway, err)
		return
	}
	if i := slices.IndexFunc(sessions, func(s Session) bool { return s.Here }); i >= 0 {
		page.Here = &sessions[i]
		page.Others = slices.Delete(slices.Clone(sessions), i, i+1)
	}
	p.render(c, http.StatusOK, "account", "Your account", page)
}

func (p *Pages) endSession(c *gin.Context) {
	if err := p.cfg.EndSession(c, c.Param("handle")); err != nil {
		problem.Unavailable(c, sessionsAway, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/account")
}

// signedIn is where a login ends that was begun from a form in another tab.
func (p *Pages) signedIn(c *gin.Context) {
	p.render(c, http.StatusOK, "signed-in", "You are signed in", nil)
}
