package main

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"storefront/inventory/internal/stock"
	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// store is what the handlers need of the branches.
type store interface {
	Levels(ctx context.Context, branch int64) (stock.Branch, []stock.Level, error)
	Manages(ctx context.Context, subject string, branch int64) (bool, error)
}

var problems = problem.Table{
	{Err: stock.ErrNotFound, Status: http.StatusNotFound, Slug: "branch-not-found", Detail: "There is no branch with this id."},
}

type handlers struct {
	store store
	home  string // Location of a 403; "" is none
}

func (h handlers) levels(c *gin.Context) {
	id, ok := server.ID(c)
	if !ok || !h.mayRead(c, id) {
		return
	}
	branch, levels, err := h.store.Levels(c.Request.Context(), id)
	if err != nil {
		problems.Respond(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"branch": branch, "products": levels})
}

// mayRead answers 403 to a branch-manager of other branches. Whether the branch exists stays untold.
func (h handlers) mayRead(c *gin.Context, branch int64) bool {
	caller, _ := auth.From(c)
	if caller.Has(auth.Admin) {
		return true
	}
	manages, err := h.store.Manages(c.Request.Context(), caller.Subject, branch)
	if err != nil {
		problems.Respond(c, err)
		return false
	}
	if !manages {
		auth.Forbid(c, h.home, "not the manager of this branch")
	}
	return manages
}
