package storefront

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
)

// offSalePage is a page of what is not on sale.
type offSalePage struct {
	catalogPage
	First bool `json:"-"`
}

// offSale lists the products that nobody but admins sees.
func (p *Pages) offSale(c *gin.Context) {
	cursor := c.Query("cursor")
	query := url.Values{"active": {"false"}, "limit": {"50"}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	page := offSalePage{First: cursor == ""}
	if err := p.cfg.Catalog(c, get("/admin/products?"+query.Encode()), &page); err != nil {
		p.fail(c, err, catalogAway)
		return
	}
	p.render(c, http.StatusOK, "offsale", "Off sale", page)
}
