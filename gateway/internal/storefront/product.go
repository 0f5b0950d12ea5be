package storefront

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
)

type productPage struct {
	Product Product
	Saved   bool
	Admin   bool
	Staff   bool
	Stock   []shelf
	More    bool // there are branches that are not shown
	Away    bool // the stock cannot be asked
}

// shelf is how much of the product lies in a branch.
type shelf struct {
	Branch
	Quantity int64 `json:"quantity"`
}

const catalogAway = "The catalog cannot be reached at the moment."

func (p *Pages) product(c *gin.Context) {
	caller, _ := auth.From(c)
	product, err := p.find(c, caller.Has(auth.Admin), c.Param("id"))
	if err != nil {
		p.fail(c, err, catalogAway)
		return
	}
	page := productPage{Product: product, Admin: caller.Has(auth.Admin), Staff: caller.Has(auth.Admin, auth.BranchManager)}
	page.Saved = page.Admin && c.Query("saved") == fmt.Sprint(product.Version)
	if page.Staff {
		page.Stock, page.More, err = p.stockOf(c, product.ID)
	}
	if err != nil {
		_ = c.Error(err)
		page.Away = true
	}
	p.render(c, http.StatusOK, "product", product.Name, page)
}

// find gives a product: to admins also one that is off sale.
func (p *Pages) find(c *gin.Context, asAdmin bool, id string) (product Product, err error) {
	ask := p.cfg.Public
	if asAdmin {
		ask = p.cfg.Catalog
	}
	err = ask(c, get("/products/"+id), &product)
	return product, err
}

// maxShown keeps the page of a product short.
const maxShown = 24

// stockOf gives what lies in the visitor's branches, or in the first of them.
func (p *Pages) stockOf(c *gin.Context, product int64) (stock []shelf, more bool, err error) {
	var list struct {
		Branches []shelf `json:"branches"`
	}
	err = p.cfg.Inventory(c, get(fmt.Sprintf("/products/%d/stock", product)), &list)
	shown := min(len(list.Branches), maxShown)
	return list.Branches[:shown], len(list.Branches) > shown, err
}

// change is a message that changes something.
func change(method, target string, header http.Header, body any) upstream.Message {
	return upstream.Message{Method: method, URI: target, Header: header, Body: body, Within: changePatience}
}
