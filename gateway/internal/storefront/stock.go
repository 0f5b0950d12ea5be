package storefront

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"storefront/shared/auth"
	"storefront/shared/server"
)

// Branch is one shop, as inventory tells of it.
type Branch struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	City string `json:"city"`
}

// Path is where its page is.
func (b Branch) Path() string { return "/stock/" + strconv.FormatInt(b.ID, 10) }

// Level is how much of a product lies in a branch.
type Level struct {
	ProductID int64  `json:"product_id"`
	Name      string `json:"name"`
	Quantity  int64  `json:"quantity"`
}

// scarce is a quantity that somebody should look at.
const scarce = 3

// State says in a word how much that is; "" is enough.
func (l Level) State() string {
	switch {
	case l.Quantity <= 0:
		return "none left"
	case l.Quantity <= scarce:
		return "few left"
	default:
		return ""
	}
}

// holding is a branch and what lies in it.
type holding struct {
	Branch   Branch  `json:"branch"`
	Products []Level `json:"products"`
}

func (h holding) level(product int64) (Level, bool) {
	for _, l := range h.Products {
		if l.ProductID == product {
			return l, true
		}
	}
	return Level{}, false
}

func (h holding) quantity(product int64) int64 {
	l, _ := h.level(product)
	return l.Quantity
}

// Movement is a line of a branch's ledger.
type Movement struct {
	ID          int64     `json:"id"`
	At          time.Time `json:"at"`
	Kind        string    `json:"kind"`
	ProductID   int64     `json:"product_id"`
	Name        string    `json:"name"`
	Change      int64     `json:"change"`
	Stock       int64     `json:"stock"` // afterwards
	OtherBranch int64     `json:"other_branch"`
	Note        string    `json:"note"`
}

// Signed is the change with its sign, the true minus included.
func (m Movement) Signed() string { return signed(m.Change) }

func signed(n int64) string {
	if n < 0 {
		return "\u2212" + strconv.FormatInt(n, 10)[1:]
	}
	return "+" + strconv.FormatInt(n, 10)
}

// movements is a page of the ledger, the newest first.
type movements struct {
	Movements []Movement `json:"movements"`
	Next      string     `json:"next"`
}

const stockAway = "The stock cannot be reached at the moment."

// myBranches are those that the visitor may work on.
func (p *Pages) myBranches(c *gin.Context) ([]Branch, error) {
	var list struct {
		Branches []Branch `json:"branches"`
	}
	err := p.cfg.Inventory(c, get("/branches"), &list)
	return list.Branches, err
}

func (p *Pages) levels(c *gin.Context, branch int64) (h holding, err error) {
	err = p.cfg.Inventory(c, get(fmt.Sprintf("/branches/%d/products", branch)), &h)
	return h, err
}

func (p *Pages) branches(c *gin.Context) {
	branches, err := p.myBranches(c)
	if err != nil {
		p.fail(c, err, stockAway)
		return
	}
	caller, _ := auth.From(c)
	p.render(c, http.StatusOK, "branches", "Stock by branch", struct {
		Branches []Branch
		All      bool
	}{branches, caller.Has(auth.Admin)})
}

type branchPage struct {
	holding
	movements
	Goods    goods
	First    bool      // it is the first page of movements
	Recorded *Movement // by the form that led here
}

func (p *Pages) branch(c *gin.Context) {
	id, _ := server.ID(c)
	cursor := c.Query("cursor")
	page := branchPage{First: cursor == ""}
	var group errgroup.Group
	group.Go(func() (err error) {
		page.holding, err = p.levels(c, id)
		return err
	})
	group.Go(func() error {
		query := url.Values{"limit": {"10"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		return p.cfg.Inventory(c, get(fmt.Sprintf("/branches/%d/movements?%s", id, query.Encode())), &page.movements)
	})
	if err := group.Wait(); err != nil {
		p.fail(c, err, stockAway)
		return
	}
	page.Goods = goodsOf(page.holding, c.Query("find"), c.Query("show"))
	recorded := func(m Movement) bool { return c.Query("recorded") == fmt.Sprint(m.ID) }
	if i := slices.IndexFunc(page.Movements, recorded); i >= 0 {
		page.Recorded = &page.Movements[i]
	}
	p.render(c, http.StatusOK, "branch", page.Branch.Name, page)
}
