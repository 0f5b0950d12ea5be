package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"

	"github.com/gin-gonic/gin"

	"storefront/inventory/internal/stock"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// move does what the body says. A transfer needs the right to both branches.
func (h handlers) move(c *gin.Context) {
	key, ok := idempotencyKey(c)
	if !ok {
		return
	}
	branch := branchID(c)
	order, ok := server.JSON[stock.Order](c)
	if !ok || !valid(c, order.Validate(branch)) {
		return
	}
	if order.Kind == stock.Transfer && !h.mayWorkOn(c, order.ToBranch) {
		return
	}
	m, err := h.store.Move(c.Request.Context(), author(c), branch, order, key)
	if err != nil {
		fail(c, err)
		return
	}
	c.Header("Location", fmt.Sprintf("/branches/%d/movements/%d", m.BranchID, m.ID))
	c.JSON(http.StatusCreated, m)
}

var keyForm = regexp.MustCompile(`^[A-Za-z0-9._~:-]{8,128}$`)

// idempotencyKey gives the key by which a request that is sent again is known; "" is none. The header is that of
// draft-ietf-httpapi-idempotency-key-header, with a plain value as most clients send it.
func idempotencyKey(c *gin.Context) (string, bool) {
	const name = "Idempotency-Key"
	given := c.Request.Header.Values(name)
	if len(given) == 0 {
		return "", true
	}
	if len(given) > 1 || !keyForm.MatchString(given[0]) {
		problem.Malformed(c, "The Idempotency-Key cannot be used.", problem.Field{Name: name, Message: "must stand here once, as 8 to 128 letters, digits and . _ ~ : -"})
		return "", false
	}
	return given[0], true
}

func (h handlers) movements(c *gin.Context) {
	q := stock.Query{Branch: branchID(c)}
	p := server.ReadQuery(c, "limit", "cursor")
	page(p, &q)
	if p.Done(c) {
		respondPage(c, q, h.store.Movements, "movements", func(m stock.Movement) int64 { return m.ID })
	}
}

func (h handlers) movement(c *gin.Context) {
	id, ok := server.PathID(c, "movement")
	if !ok {
		return
	}
	m, err := h.store.Movement(c.Request.Context(), branchID(c), id)
	respond(c, m, err)
}

func (h handlers) auditMovements(c *gin.Context) {
	if q, ok := auditQuery(c); ok {
		respondPage(c, q, h.store.AuditMovements, "entries", func(e stock.Entry) int64 { return e.ID })
	}
}

func (h handlers) auditBranches(c *gin.Context) {
	if q, ok := auditQuery(c); ok {
		respondPage(c, q, h.store.AuditBranches, "entries", func(e stock.Change) int64 { return e.ID })
	}
}

// respondPage answers with a page under a name, and with the cursor of the next one where there is one.
func respondPage[T any](c *gin.Context, q stock.Query, read func(context.Context, stock.Query) ([]T, bool, error), name string, id func(T) int64) {
	lines, more, err := read(c.Request.Context(), q)
	page := gin.H{name: lines}
	if more {
		page["next"] = strconv.FormatInt(id(lines[len(lines)-1]), 10)
	}
	respond(c, page, err)
}
