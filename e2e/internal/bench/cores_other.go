//go:build !linux

package bench

// Cores cannot be divided here.
type Cores struct{}

// Divide leaves all as it is.
func Divide() (Cores, error) { return Cores{}, nil }

// OnFirst runs start.
func (Cores) OnFirst(start func() error) error { return start() }
