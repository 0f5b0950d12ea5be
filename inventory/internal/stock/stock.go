// Package stock knows the branches of the shop, who manages each, and what lies in it: every movement of goods is a line of a ledger that is
// never changed, and stock is its sum. Names of products are inventory's own copies: services share no database.
package stock

import (
	"embed"
	"errors"
	"io/fs"
)

// Errors of the store.
var (
	ErrNotFound       = errors.New("no such branch")
	ErrNoMovement     = errors.New("no such movement")
	ErrNoDestination  = errors.New("no such branch to transfer to")
	ErrUnknownProduct = errors.New("no name for the product")
	ErrTooLittle      = errors.New("not so much in stock")
	ErrTooMuch        = errors.New("more than can be in stock")
	ErrKeyReused      = errors.New("the key belongs to another request")
)

// Branch is one shop.
type Branch struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	City string `json:"city"`
}

// Level is how much of one product lies in one branch.
type Level struct {
	ProductID int64  `json:"product_id"` // the catalog's id
	Name      string `json:"name"`
	Quantity  int64  `json:"quantity"`
}

// Holding is how much of some product lies in a branch, 0 where none has ever been.
type Holding struct {
	Branch
	Quantity int64 `json:"quantity"`
}

// Author is who changes something, by which request.
type Author struct {
	Subject, RequestID string
	// Renames says that a product's name is this one's to change. Anybody may give one to a product that has none yet; but a name is the same
	// in all branches, so that the manager of one must not change it.
	Renames bool
}

//go:embed migrations
var files embed.FS

// Migrations returns the schema, for package database.
func Migrations() (fs.FS, error) { return fs.Sub(files, "migrations") }
