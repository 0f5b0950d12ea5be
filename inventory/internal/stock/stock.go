// Package stock knows the branches of the shop, what lies in each, and who manages it. Names of products are inventory's own
// copies: services share no database.
package stock

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ErrNotFound says that no branch has the id.
var ErrNotFound = errors.New("no such branch")

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

//go:embed branches.json
var demo []byte

type shelf struct {
	Branch
	Managers []string `json:"managers"` // subjects of user tokens
	Products []Level  `json:"products"`
}

// Memory keeps branches in memory; it is read-only and safe for concurrent use.
type Memory struct{ shelves map[int64]shelf }

// Demo returns the branches of the demo shop. The manager of the kickstart manages branch 1.
func Demo() (*Memory, error) {
	var file struct {
		Branches []shelf `json:"branches"`
	}
	if err := json.Unmarshal(demo, &file); err != nil {
		return nil, fmt.Errorf("branches.json: %w", err)
	}
	m := &Memory{shelves: make(map[int64]shelf, len(file.Branches))}
	for _, s := range file.Branches {
		m.shelves[s.ID] = s
	}
	return m, nil
}

// Levels returns a branch and the products in it, ordered by product id, or ErrNotFound.
func (m *Memory) Levels(_ context.Context, branch int64) (Branch, []Level, error) {
	s, ok := m.shelves[branch]
	if !ok {
		return Branch{}, nil, ErrNotFound
	}
	return s.Branch, s.Products, nil
}

// Manages reports whether the user with that subject manages the branch. Nobody manages a branch that does not exist.
func (m *Memory) Manages(_ context.Context, subject string, branch int64) (bool, error) {
	return subject != "" && slices.Contains(m.shelves[branch].Managers, subject), nil
}
