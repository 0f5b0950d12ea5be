package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"storefront/catalog/internal/picture"
	"storefront/catalog/internal/product"
	"storefront/shared/auth"
	"storefront/shared/database"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// store is what the handlers need of the products.
type store interface {
	List(ctx context.Context, q product.Query) (page []product.Product, more bool, err error)
	Get(ctx context.Context, id int64) (product.Product, error)
	Create(ctx context.Context, by product.Author, c product.Content) (product.Product, error)
	Replace(ctx context.Context, by product.Author, id int64, c product.Content, match func(version int64) bool) (product.Product, error)
	Delete(ctx context.Context, by product.Author, id int64, match func(version int64) bool) error
	Audit(ctx context.Context, q product.AuditQuery) (entries []product.Entry, more bool, err error)
}

var problems = problem.Table{
	{Err: product.ErrNotFound, Status: http.StatusNotFound, Slug: "product-not-found", Detail: "There is no product with this id."},
	{Err: product.ErrChanged, Status: http.StatusPreconditionFailed, Slug: "product-changed", Detail: "The product has changed since the version in If-Match; read it again."},
	{Err: database.ErrDuplicate, Status: http.StatusConflict, Slug: "sku-taken", Detail: "Another product has this SKU."},
}

// fail answers an error of the store.
func fail(c *gin.Context, err error) {
	switch {
	case c.Request.Context().Err() != nil:
		server.Cut(c, err) // nobody waits for the answer
	case errors.Is(err, database.ErrAway):
		problem.Unavailable(c, "The products cannot be reached at the moment.", err)
	default:
		problems.Respond(c, err)
	}
}

type handlers struct{ store store }

// item is a product as clients see it.
type item struct {
	product.Product
	Image string `json:"image"` // where its picture is
}

func itemOf(p product.Product) item { return item{p, location(p.ID) + "/image"} }

func location(id int64) string { return fmt.Sprintf("/products/%d", id) }

func (h handlers) list(c *gin.Context) {
	if q, ok := listQuery(c); ok {
		h.page(c, q)
	}
}

// listAll lists what the public does not see, too.
func (h handlers) listAll(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	if q, ok := adminListQuery(c); ok {
		h.page(c, q)
	}
}

func (h handlers) page(c *gin.Context, q product.Query) {
	products, more, err := h.store.List(c.Request.Context(), q)
	if err != nil {
		fail(c, err)
		return
	}
	page := struct {
		Products []item `json:"products"`
		Next     string `json:"next,omitempty"` // the cursor of the next page
	}{Products: make([]item, len(products))}
	for i, p := range products {
		page.Products[i] = itemOf(p)
	}
	if more {
		page.Next = product.PositionOf(products[len(products)-1], q.Sort).String()
	}
	c.JSON(http.StatusOK, page)
}

func (h handlers) get(c *gin.Context) {
	p, ok := h.visible(c)
	if !ok || unchanged(c, etag(p)) {
		return
	}
	c.JSON(http.StatusOK, itemOf(p))
}

// visible gives the product of the path if the caller may see it, or answers: one that is off sale is there for admins alone.
func (h handlers) visible(c *gin.Context) (product.Product, bool) {
	id, ok := server.ID(c)
	if !ok {
		return product.Product{}, false
	}
	p, err := h.store.Get(c.Request.Context(), id)
	if caller, _ := auth.From(c); err == nil && !p.Active && !caller.Has(auth.Admin) {
		err = product.ErrNotFound
	}
	if err != nil {
		fail(c, err)
		return p, false
	}
	return p, true
}

// image draws the product. The policy keeps a browser that opens the picture by itself from running anything that might stand in it.
func (h handlers) image(c *gin.Context) {
	p, ok := h.visible(c)
	if !ok {
		return
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	c.Header("Cache-Control", "private, no-store")
	if p.Active {
		c.Header("Cache-Control", "public, max-age=86400, stale-while-revalidate=604800")
	}
	if unchanged(c, fmt.Sprintf(`"%d-%d"`, p.Version, picture.Edition)) {
		return
	}
	c.Data(http.StatusOK, "image/svg+xml", picture.SVG(picture.Subject{SKU: p.SKU, Name: p.Name, Category: p.Category}))
}

func (h handlers) create(c *gin.Context) {
	content, ok := body(c)
	if !ok {
		return
	}
	p, err := h.store.Create(c.Request.Context(), author(c), content)
	if err != nil {
		fail(c, err)
		return
	}
	c.Header("Location", location(p.ID))
	c.Header("ETag", etag(p))
	c.JSON(http.StatusCreated, itemOf(p))
}

func (h handlers) replace(c *gin.Context) {
	id, ok := server.ID(c)
	if !ok || !requireMatch(c) {
		return
	}
	content, ok := body(c)
	if !ok {
		return
	}
	p, err := h.store.Replace(c.Request.Context(), author(c), id, content, matches(c))
	if err != nil {
		fail(c, err)
		return
	}
	c.Header("ETag", etag(p))
	c.JSON(http.StatusOK, itemOf(p))
}

func (h handlers) delete(c *gin.Context) {
	id, ok := server.ID(c)
	if !ok {
		return
	}
	if err := h.store.Delete(c.Request.Context(), author(c), id, matches(c)); err != nil {
		fail(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}

func (h handlers) audit(c *gin.Context) {
	q, ok := auditQuery(c)
	if !ok {
		return
	}
	entries, more, err := h.store.Audit(c.Request.Context(), q)
	if err != nil {
		fail(c, err)
		return
	}
	page := struct {
		Entries []product.Entry `json:"entries"`
		Next    string          `json:"next,omitempty"`
	}{Entries: entries}
	if more {
		page.Next = fmt.Sprint(entries[len(entries)-1].ID)
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, page)
}

// body gives the content that the request sends, or answers with all that is wrong with it.
func body(c *gin.Context) (product.Content, bool) {
	content, ok := server.JSON[product.Content](c)
	if !ok {
		return content, false
	}
	faults := content.Validate()
	fields := make([]problem.Field, len(faults))
	for i, f := range faults {
		fields[i] = problem.Field{Name: f.Field, Message: f.Message}
	}
	if len(fields) > 0 {
		problem.Invalid(c, fields...)
	}
	return content, len(fields) == 0
}

func author(c *gin.Context) product.Author {
	caller, _ := auth.From(c)
	return product.Author{Subject: caller.Subject, RequestID: server.RequestID(c)}
}
