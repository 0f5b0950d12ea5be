package storefront

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream"
	"storefront/shared/problem"
	"storefront/shared/server"
)

var editFields = []string{"name", "sku", "category", "price", "currency", "description", "active", "version"}

// content is what the catalog takes for a product.
type content struct {
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Price       int64  `json:"price"`
	Currency    string `json:"currency"`
	Category    string `json:"category"`
	Active      bool   `json:"active"`
}

// on is the value of a box that is ticked.
const on = "on"

// valuesOf fills the form with a product.
func valuesOf(p Product) map[string]string {
	v := map[string]string{
		"name": p.Name, "sku": p.SKU, "category": p.Category, "price": amount(p.Price, p.Currency), "currency": p.Currency,
		"description": p.Description, "active": "", "version": strconv.FormatInt(p.Version, 10),
	}
	if p.Active {
		v["active"] = on
	}
	return v
}

// contentOf reads the form. The price alone is read here; the catalog has the rules for everything else.
func contentOf(v map[string]string) (content, []problem.Field) {
	body := content{SKU: v["sku"], Name: v["name"], Description: v["description"], Currency: strings.ToUpper(v["currency"]), Category: v["category"], Active: v["active"] == on}
	var ok bool
	if body.Price, ok = parseAmount(v["price"], body.Currency); !ok {
		return body, []problem.Field{{Name: "price", Message: fmt.Sprintf("must be an amount such as %s", amount(1250, body.Currency))}}
	}
	return body, nil
}

func editForm(action, cancel string, v map[string]string) *form {
	return &form{
		Action: action, Submit: "Save", Cancel: cancel, Hidden: []pair{{"version", v["version"]}},
		Fields: []*field{
			{Name: "name", Label: "Name", Kind: "text", Value: v["name"], Required: true, Max: 120},
			{Name: "description", Label: "Description", Kind: "area", Value: v["description"], Required: true, Max: 2000},
			{Name: "price", Label: "Price", Kind: "amount", Value: v["price"], Required: true, Half: true, Hint: "Such as 12.50."},
			{Name: "currency", Label: "Currency", Kind: "text", Value: v["currency"], Required: true, Half: true, Max: 3, Hint: "Three letters, such as EUR."},
			{Name: "category", Label: "Category", Kind: "text", Value: v["category"], Required: true, Half: true, Max: 32, Hint: "Such as kitchen, in small letters."},
			{Name: "sku", Label: "Article number (SKU)", Kind: "text", Value: v["sku"], Required: true, Half: true, Max: 32, Hint: "Such as KIT-0001, in capitals."},
			{Name: "active", Label: "On sale", Kind: "check", Value: v["active"], Hint: "What is not on sale is seen by admins alone."},
		},
	}
}

type editPage struct {
	Product Product // the zero value is a new one
	Form    *form
}

func (p *Pages) showEdit(c *gin.Context, status int, product Product, f *form) {
	title := "A new product"
	if product.ID != 0 {
		title = "Edit " + product.Name
	}
	p.render(c, status, "edit", title, editPage{product, f})
}

func (p *Pages) newProduct(c *gin.Context) {
	p.showEdit(c, http.StatusOK, Product{}, editForm("/edit/new", "/", map[string]string{"currency": "EUR", "active": on}))
}

func (p *Pages) createProduct(c *gin.Context) {
	v := typed(c, editFields)
	p.save(c, Product{}, editForm("/edit/new", "/", v), v, http.MethodPost, "/products", nil)
}

func (p *Pages) editProduct(c *gin.Context) {
	product, err := p.find(c, true, c.Param("id"))
	if err != nil {
		p.fail(c, err, catalogAway)
		return
	}
	p.showEdit(c, http.StatusOK, product, editForm(c.Request.URL.Path, product.Path(), valuesOf(product)))
}

// saveProduct replaces the version that the form was made from, and no other.
func (p *Pages) saveProduct(c *gin.Context) {
	id, _ := server.ID(c)
	v := typed(c, editFields)
	product := Product{ID: id, Name: cmp.Or(v["name"], fmt.Sprintf("Product %d", id))}
	header := http.Header{"If-Match": {strconv.Quote(v["version"])}}
	p.save(c, product, editForm(c.Request.URL.Path, product.Path(), v), v, http.MethodPut, fmt.Sprintf("/products/%d", id), header)
}

func (p *Pages) save(c *gin.Context, product Product, f *form, v map[string]string, method, target string, header http.Header) {
	body, faults := contentOf(v)
	if len(faults) > 0 {
		f.blame(faults...)
		p.showEdit(c, http.StatusUnprocessableEntity, product, f)
		return
	}
	var saved Product
	err := p.cfg.Catalog(c, change(method, target, header, body), &saved)
	if err == nil {
		c.Redirect(http.StatusSeeOther, fmt.Sprintf("%s?saved=%d", saved.Path(), saved.Version))
		return
	}
	refused, isRefused := errors.AsType[*upstream.Refused](err)
	_ = c.Error(err)
	switch {
	case !isRefused:
		f.Trouble = "The catalog gave no answer, so nobody knows whether this is saved. Send it again in a moment."
		p.showEdit(c, http.StatusServiceUnavailable, product, f)
	case refused.Status == http.StatusPreconditionFailed:
		p.showConflict(c, product, f, v)
	case refused.Code == "sku-taken":
		f.blame(problem.Field{Name: "sku", Message: "must be another one: a product has this already"})
		p.showEdit(c, http.StatusUnprocessableEntity, product, f)
	case refused.Status == http.StatusUnprocessableEntity, refused.Status == http.StatusBadRequest, refused.Status == http.StatusConflict:
		f.blame(refused.Fields...)
		if len(refused.Fields) == 0 {
			f.Trouble = refused.Detail
		}
		p.showEdit(c, http.StatusUnprocessableEntity, product, f)
	default:
		p.fail(c, err, catalogAway)
	}
}

// showConflict shows what somebody else has written meanwhile beside what was typed. Saving once more is then a decision, for which the
// form takes the version that is shown.
func (p *Pages) showConflict(c *gin.Context, product Product, f *form, v map[string]string) {
	theirs, err := p.find(c, true, strconv.FormatInt(product.ID, 10))
	if err != nil {
		p.fail(c, err, catalogAway)
		return
	}
	now := valuesOf(theirs)
	for _, field := range f.Fields {
		if now[field.Name] != v[field.Name] {
			f.Theirs = append(f.Theirs, pair{field.Label, cmp.Or(now[field.Name], "no")})
		}
	}
	f.Hidden = []pair{{"version", now["version"]}}
	f.Trouble = "Somebody else changed this product while you were at it. Nothing is lost: below is what you typed, and here what they wrote. Save to put yours in its place."
	p.showEdit(c, http.StatusConflict, product, f)
}
