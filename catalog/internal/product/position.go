package product

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
)

// ErrPosition says that a cursor is none that this sort order gave.
var ErrPosition = errors.New("no such cursor")

// Position is where a page ends: at a product, by its place in the order. Products that come and go meanwhile shift nothing.
type Position struct {
	Sort  Sort   `json:"s"`
	Name  string `json:"n,omitempty"`
	Price int64  `json:"p,omitempty"`
	ID    int64  `json:"i"`
}

// PositionOf returns the position of a product in an order.
func PositionOf(p Product, s Sort) Position {
	at := Position{Sort: s, ID: p.ID}
	switch s {
	case ByName:
		at.Name = p.Name
	case ByPrice, ByPriceDown:
		at.Price = p.Price
	default:
	}
	return at
}

// String writes the position as a cursor for clients, who need not understand it.
func (p Position) String() string {
	text, err := json.Marshal(p)
	if err != nil {
		return "" // texts and integers always can
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// ParsePosition reads a cursor of the sort order. Nobody is harmed by one that was made up, which only begins a page elsewhere; one that has
// no place in the order is ErrPosition.
func ParsePosition(cursor string, s Sort) (p Position, err error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return p, ErrPosition
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return p, ErrPosition
	}
	if _, err := dec.Token(); err != io.EOF || p.Sort != s || p.ID <= 0 || !line(p.Name) {
		return p, ErrPosition
	}
	return p, nil
}

// key gives the values of the position in the order.
func (p Position) key(s Sort) []any {
	switch s {
	case ByName:
		return []any{p.Name, p.ID}
	case ByPrice, ByPriceDown:
		return []any{p.Price, p.ID}
	default:
		return []any{p.ID}
	}
}
