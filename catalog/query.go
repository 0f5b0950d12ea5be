package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/catalog/internal/product"
	"storefront/shared/server"
)

const maxPrice = 1<<63 - 1

// listParameters are those of every list of products.
var listParameters = []string{"q", "category", "min_price", "max_price", "sort", "limit", "cursor"}

// listQuery reads the query of GET /products, or answers 400.
func listQuery(c *gin.Context) (product.Query, bool) {
	p := server.ReadQuery(c, listParameters...)
	q := readList(p)
	return q, p.Done(c)
}

// sales are the values of the parameter active.
var sales = map[string]product.Sale{"": product.AnySale, "true": product.OnSale, "false": product.OffSale}

// adminListQuery reads the query of GET /admin/products, or answers 400.
func adminListQuery(c *gin.Context) (product.Query, bool) {
	p := server.ReadQuery(c, append([]string{"active"}, listParameters...)...)
	q := readList(p)
	sale, known := sales[p.Text("active")]
	if !known {
		p.Fault("active", "must be true or false")
	}
	q.Sale = sale
	return q, p.Done(c)
}

// readList reads what all lists of products have. What is searched for can be any text.
func readList(p *server.Query) product.Query {
	q := product.Query{
		Search:   strings.TrimSpace(p.Text("q")),
		Category: p.Text("category"),
		MinPrice: p.Integer("min_price", 0, maxPrice),
		MaxPrice: p.Integer("max_price", 0, maxPrice),
		Sort:     product.Sort(p.Text("sort")),
		Limit:    p.Limit(),
	}
	if q.Category != "" && !product.Category(q.Category) {
		p.Fault("category", "must be small letters, digits and hyphens, such as kitchen")
	}
	if q.Sort != product.ByID && !slices.Contains(product.Sorts(), q.Sort) {
		p.Fault("sort", fmt.Sprintf("must be one of %s", product.Sorts()))
	}
	if cursor := p.Text("cursor"); cursor != "" {
		at, err := product.ParsePosition(cursor, q.Sort)
		if err != nil {
			p.Fault("cursor", "must be the next of a page with the same sort")
		}
		q.After = &at
	}
	return q
}

// auditQuery reads the query of GET /audit/products, or answers 400. Its cursor is the id of an entry.
func auditQuery(c *gin.Context) (product.AuditQuery, bool) {
	p := server.ReadQuery(c, "product", "limit", "cursor")
	q := product.AuditQuery{Product: p.ID("product"), Before: p.ID("cursor"), Limit: p.Limit()}
	return q, p.Done(c)
}
