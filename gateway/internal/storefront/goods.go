package storefront

import (
	"net/url"
	"strings"
)

// goods are what is shown of the products in a branch: those that somebody looks for, and no more at first than a screen or two hold.
type goods struct {
	Find    string // part of a name
	Show    string // showLow, showAll, or "" for the first of all
	Levels  []Level
	Found   int // how many there are, of which Levels may be the first
	All     int // in the branch
	Scarce  int // of these
	address string
}

// What is shown.
const (
	showLow = "low"
	showAll = "all"
)

const maxLevels = 20

func goodsOf(h holding, find, show string) goods {
	g := goods{Find: sought(find), Show: show, All: len(h.Products), address: h.Branch.Path()}
	for _, l := range h.Products {
		scarce := l.State() != ""
		if scarce {
			g.Scarce++
		}
		if strings.Contains(strings.ToLower(l.Name), strings.ToLower(g.Find)) && (scarce || show != showLow) {
			g.Levels = append(g.Levels, l)
		}
	}
	g.Found = len(g.Levels)
	if show != showAll {
		g.Levels = g.Levels[:min(g.Found, maxLevels)]
	}
	return g
}

// Rest is how many were found that are not shown.
func (g goods) Rest() int { return g.Found - len(g.Levels) }

// Showing is the address of the same search, of which another part is shown.
func (g goods) Showing(show string) string {
	v := url.Values{}
	if g.Find != "" {
		v.Set("find", g.Find)
	}
	if show != "" {
		v.Set("show", show)
	}
	if len(v) == 0 {
		return g.address
	}
	return g.address + "?" + v.Encode()
}
