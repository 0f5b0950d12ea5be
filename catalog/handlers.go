package main

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"storefront/catalog/internal/product"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// store is what the handlers need of the products.
type store interface {
	List(ctx context.Context) ([]product.Product, error)
	Get(ctx context.Context, id int64) (product.Product, error)
}

var problems = problem.Table{
	{Err: product.ErrNotFound, Status: http.StatusNotFound, Slug: "product-not-found", Detail: "There is no product with this id."},
}

type handlers struct{ store store }

func (h handlers) list(c *gin.Context) {
	products, err := h.store.List(c.Request.Context())
	if err != nil {
		problems.Respond(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"products": products})
}

func (h handlers) get(c *gin.Context) {
	id, ok := server.ID(c)
	if !ok {
		return
	}
	p, err := h.store.Get(c.Request.Context(), id)
	if err != nil {
		problems.Respond(c, err)
		return
	}
	c.JSON(http.StatusOK, p)
}
