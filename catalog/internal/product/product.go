// Package product knows what the shop sells, and who changed it when. It holds no prices per customer and no stock: stock is inventory's.
//
// A product is never deleted: what is sold no longer is inactive, which the public does not see. Each change makes its version one more,
// and a change names the version that it was made for, so that two people do not overwrite each other.
package product

import (
	"embed"
	"errors"
	"io/fs"
	"time"
)

// Errors of the store.
var (
	ErrNotFound = errors.New("no such product")
	ErrChanged  = errors.New("the product has changed") // since the version that was named
)

// Content is what people decide about a product.
type Content struct {
	SKU         string `json:"sku"` // the shop's own article number, unique
	Name        string `json:"name"`
	Description string `json:"description"`
	Price       int64  `json:"price"`    // in minor units of the currency: 1299 is 12.99
	Currency    string `json:"currency"` // ISO 4217
	Category    string `json:"category"`
	Active      bool   `json:"active"` // on sale, and seen by the public
}

// Product is one article of the shop.
type Product struct {
	ID int64 `json:"id"`
	Content
	Version   int64     `json:"version"` // 1, and one more with each change
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Author is who changes a product, by which request.
type Author struct{ Subject, RequestID string }

//go:embed migrations
var files embed.FS

// Migrations returns the schema, for package database.
func Migrations() (fs.FS, error) { return fs.Sub(files, "migrations") }
