// Package product knows what the shop sells. It holds no prices per customer and no stock: stock is inventory's.
package product

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNotFound says that no product has the id.
var ErrNotFound = errors.New("no such product")

// Product is one article of the shop.
type Product struct {
	ID          int64  `json:"id"`
	SKU         string `json:"sku"` // the shop's own article number
	Name        string `json:"name"`
	Description string `json:"description"`
	Price       int64  `json:"price"`    // in minor units of the currency: 1299 is 12.99
	Currency    string `json:"currency"` // ISO 4217
	Category    string `json:"category"`
}

//go:embed products.json
var demo []byte

// Memory keeps products in memory; it is read-only and safe for concurrent use.
type Memory struct {
	products []Product
	byID     map[int64]Product
}

// Demo returns the products of the demo shop, ordered by id.
func Demo() (*Memory, error) {
	var file struct {
		Products []Product `json:"products"`
	}
	if err := json.Unmarshal(demo, &file); err != nil {
		return nil, fmt.Errorf("products.json: %w", err)
	}
	m := &Memory{products: file.Products, byID: make(map[int64]Product, len(file.Products))}
	for _, p := range file.Products {
		m.byID[p.ID] = p
	}
	return m, nil
}

// List returns every product, ordered by id.
func (m *Memory) List(context.Context) ([]Product, error) { return m.products, nil }

// Get returns the product with the id, or ErrNotFound.
func (m *Memory) Get(_ context.Context, id int64) (Product, error) {
	p, ok := m.byID[id]
	if !ok {
		return Product{}, ErrNotFound
	}
	return p, nil
}
