package picture

import "hash/fnv"

// sign is how a category is known: by its range of colours, and by lines around the middle of a square of 120.
type sign struct {
	hue   int // degrees on the colour wheel
	lines string
}

var signs = map[string]sign{
	// a cup that steams
	"kitchen": {20, `<path d="M-34 -12H22V14A22 22 0 0 1 0 36H-12A22 22 0 0 1 -34 14Z"/><path d="M22 -6H32A12 12 0 0 1 32 18H22"/><path d="M-20 -26Q-26 -34 -20 -42M-6 -26Q-12 -34 -6 -42M8 -26Q2 -34 8 -42"/>`},
	// a sheet and a pencil
	"office": {212, `<path d="M-34 -42H6L22 -26V42H-34Z"/><path d="M6 -42V-26H22"/><path d="M-20 -8H6M-20 8H0M-20 24H-8"/><path d="M36 -18L46 -8L14 30L2 34L5 22Z"/>`},
	// a suitcase
	"travel": {275, `<rect x="-42" y="-20" width="84" height="58" rx="8"/><path d="M-16 -20V-32A6 6 0 0 1 -10 -38H10A6 6 0 0 1 16 -32V-20"/><path d="M-24 -20V38M24 -20V38"/>`},
	// a bicycle
	"bicycle": {345, `<circle cx="-28" cy="16" r="20"/><circle cx="28" cy="16" r="20"/><path d="M-28 16L-12 -18H16L28 16M-12 -18L0 16L16 -18M-28 16H0M-18 -18H-6M16 -18L12 -30H24"/>`},
	// a house with a lit window
	"home": {178, `<path d="M-44 0L0 -38L44 0"/><path d="M-32 -8V38H32V-8"/><path d="M-8 38V14H10V38"/><circle cx="0" cy="-10" r="6"/>`},
	// a plant in its pot
	"garden": {112, `<path d="M-22 14H22L16 42H-16Z"/><path d="M0 14V-16"/><path d="M0 -4Q-30 -4 -32 -32Q-4 -32 0 -4Z"/><path d="M0 -12Q4 -42 34 -42Q34 -14 0 -12Z"/>`},
}

// signOf gives the sign of a category. One that has none of its own gets a parcel, in the colour that its name comes to.
func signOf(category string) sign {
	if s, ok := signs[category]; ok {
		return s
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(category))
	return sign{int(h.Sum32() % 360), parcel}
}

const parcel = `<path d="M-38 -18L0 -38L38 -18V22L0 42L-38 22Z"/><path d="M-38 -18L0 2L38 -18M0 2V42M-19 -28L19 -8"/>`
