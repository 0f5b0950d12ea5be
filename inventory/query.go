package main

import (
	"github.com/gin-gonic/gin"

	"storefront/inventory/internal/stock"
	"storefront/shared/server"
)

// page reads which page is asked for. A cursor is the id of a line.
func page(p *server.Query, q *stock.Query) {
	q.Limit, q.Before = p.Limit(), p.ID("cursor")
}

// auditQuery reads the query of an audit, or answers 400.
func auditQuery(c *gin.Context) (stock.Query, bool) {
	p := server.ReadQuery(c, "branch", "limit", "cursor")
	q := stock.Query{Branch: p.ID("branch")}
	page(p, &q)
	return q, p.Done(c)
}
