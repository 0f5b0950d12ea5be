package storefront

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream"
)

// Product is one article of the shop, as the catalog tells of it.
type Product struct {
	ID          int64  `json:"id"`
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Price       int64  `json:"price"` // minor units
	Currency    string `json:"currency"`
	Category    string `json:"category"`
	Active      bool   `json:"active"`
	Version     int64  `json:"version"`
}

// Money is the price as people write it.
func (p Product) Money() string { return amount(p.Price, p.Currency) + " " + p.Currency }

// Path is where its page is.
func (p Product) Path() string { return "/shop/" + strconv.FormatInt(p.ID, 10) }

// catalogPage is a page of the catalog's list.
type catalogPage struct {
	Products []Product `json:"products"`
	Next     string    `json:"next"` // the cursor of the page behind it
}

// pageSize divides by 2, 3 and 4, so that the last row of the grid is full.
const pageSize = 12

// search is what a visitor looks for.
type search struct{ Text, Category, Sort, Cursor string }

const maxSearch = 100 // characters

func searchOf(c *gin.Context) search {
	return search{sought(c.Query("q")), c.Query("category"), c.Query("sort"), c.Query("cursor")}
}

// sought is what somebody looks for, without what no name has.
func sought(text string) string {
	found := []rune(strings.TrimSpace(strings.ToValidUTF8(text, "")))
	return string(found[:min(len(found), maxSearch)])
}

// values is the search as a query; what is empty stays out.
func (s search) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"q": s.Text, "category": s.Category, "sort": s.Sort, "cursor": s.Cursor} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// address is the page that shows the search.
func (s search) address() string {
	if q := s.values().Encode(); q != "" {
		return "/?" + q
	}
	return "/"
}

// In is the address of the same search in a category, "" for all, from its first page.
func (s search) In(category string) string {
	s.Category, s.Cursor = category, ""
	return s.address()
}

// At is the address of another page of the same search, "" for the first.
func (s search) At(cursor string) string {
	s.Cursor = cursor
	return s.address()
}

// target is the request to the catalog for it.
func (s search) target() string {
	v := s.values()
	v.Set("limit", strconv.Itoa(pageSize))
	return "/products?" + v.Encode()
}

type option struct {
	Value, Label string
	Chosen       bool
}

// sorts are the ways of the catalog to sort.
func (s search) sorts() []option {
	all := []option{{Value: "", Label: "Our order"}, {Value: "newest", Label: "Newest first"}, {Value: "name", Label: "Name"}, {Value: "price", Label: "Price, low to high"}, {Value: "-price", Label: "Price, high to low"}}
	return choose(all, s.Sort)
}

func choose(all []option, value string) []option {
	for i := range all {
		all[i].Chosen = all[i].Value == value
	}
	return all
}

type homePage struct {
	Search     search
	Sorts      []option
	Categories []string
	catalogPage
	Away bool // the catalog cannot be asked
	Odd  bool // it does not understand the search
}

func (p *Pages) home(c *gin.Context) {
	page := homePage{Search: searchOf(c)}
	var learning sync.WaitGroup
	learning.Go(func() { p.shelves.learn(func() ([]Product, error) { return p.widely(c) }) })
	status := http.StatusOK
	list, err := p.list(c, page.Search)
	switch code := refusal(err); {
	case code != 0:
		page.Odd, status = true, http.StatusBadRequest
	case err != nil:
		_ = c.Error(err)
		page.Away = true
	}
	page.catalogPage = list
	learning.Wait()
	page.Sorts, page.Categories = page.Search.sorts(), p.shelves.names(page.Search.Category)
	p.render(c, status, "home", "", page)
}

// list gives a page of products. A catalog that hangs must not hang the page: the list of all shows what was last seen, and waits longer
// only where that is nothing.
func (p *Pages) list(c *gin.Context, s search) (catalogPage, error) {
	message, last := get(s.target()), p.last.Load()
	all := s == search{}
	if all && last != nil {
		message.Within = patience
	}
	var page catalogPage
	err := p.cfg.Public(c, message, &page)
	switch {
	case err == nil && all:
		p.last.Store(&page)
	case err != nil && all && last != nil:
		return *last, err
	}
	p.shelves.add(page.Products)
	return page, err
}

// widely asks for many products, for their categories.
func (p *Pages) widely(c *gin.Context) ([]Product, error) {
	message := upstream.Message{Method: http.MethodGet, URI: "/products?limit=100", Within: patience}
	var page catalogPage
	err := p.cfg.Public(c, message, &page)
	return page.Products, err
}

// shelves are the categories of products that were seen: the catalog has no list of them.
type shelves struct {
	mu     sync.Mutex
	known  []string
	looked time.Time
}

const lookAgain = time.Minute

// learn looks at many products from time to time.
func (s *shelves) learn(look func() ([]Product, error)) {
	s.mu.Lock()
	due := time.Since(s.looked) > lookAgain
	if due {
		s.looked = time.Now()
	}
	s.mu.Unlock()
	if !due {
		return
	}
	products, err := look()
	if err != nil {
		s.mu.Lock()
		s.looked = time.Time{}
		s.mu.Unlock()
		return
	}
	s.add(products)
}

// maxShelves keeps the row of categories readable, and the memory bounded.
const maxShelves = 24

func (s *shelves) add(products []Product) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range products {
		if i, found := slices.BinarySearch(s.known, p.Category); !found && p.Category != "" && len(s.known) < maxShelves {
			s.known = slices.Insert(s.known, i, p.Category)
		}
	}
}

// names gives the categories, with the one that is looked at.
func (s *shelves) names(chosen string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := slices.Clone(s.known)
	if i, found := slices.BinarySearch(names, chosen); !found && chosen != "" && len(chosen) <= 32 {
		names = slices.Insert(names, i, chosen)
	}
	return names
}
