package keyring

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"

	"storefront/fusionauth/internal/kickstart"
	"storefront/shared/config"
)

// slot is what stands under one id.
type slot struct {
	spec    kickstart.Key
	next    *pair // published, signs nothing yet; nil for none
	signing *pair
	retired []*pair // verify still, the youngest first
}

func (s *slot) pairs() []*pair {
	all := append([]*pair{s.signing}, s.retired...)
	if s.next != nil {
		all = append(all, s.next)
	}
	return all
}

// Why a ring does not do what it is asked to.
var (
	ErrNoKey  = errors.New("no such key")
	ErrSecret = errors.New("an HMAC key needs a secret of at least 64 bytes for HS512, 48 for HS384, 32 for HS256; other keys take none")
	ErrKID    = errors.New("the kid is in use")
	ErrInUse  = errors.New("the key signs; rotate it first")
)

// Successor is what the next key may be told; the zero value suits all but HMAC keys, whose secret others must know.
type Successor struct {
	KID    string        // "" for one that is made up
	Secret config.Secret // of an HMAC key
}

// Prepare publishes the key that is to sign next under an id, so that everybody can know it by then. It replaces one that was
// prepared before.
func (r *Ring) Prepare(id string, successor Successor) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.slots[id]
	if !ok {
		return ErrNoKey
	}
	next, err := r.successor(s.spec, successor)
	if err != nil {
		return err
	}
	s.next = next
	return nil
}

// Rotate lets the prepared key sign, or one that is made now; what signed before verifies until it is removed. A key that was
// prepared is as it was prepared: successor is then the zero value.
func (r *Ring) Rotate(id string, successor Successor) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.slots[id]
	if !ok {
		return ErrNoKey
	}
	next := s.next
	if next == nil || successor != (Successor{}) {
		var err error
		if next, err = r.successor(s.spec, successor); err != nil {
			return err
		}
	}
	s.retired = slices.Insert(s.retired, 0, s.signing)
	s.signing, s.next = next, nil
	return nil
}

// successor makes a key of the same algorithm.
func (r *Ring) successor(spec kickstart.Key, successor Successor) (*pair, error) {
	bits := map[string]int{"HS256": 256, "HS384": 384, "HS512": 512}[spec.Algorithm]
	hmac := strings.HasPrefix(spec.Algorithm, "HS")
	if hmac && len(successor.Secret)*8 < bits || !hmac && successor.Secret != "" { // RFC 7518 §3.2
		return nil, ErrSecret
	}
	if hmac && successor.KID == "" {
		successor.KID = rand.Text()[:10]
	}
	spec.KID, spec.Secret, spec.PEM = successor.KID, successor.Secret, ""
	if strings.HasPrefix(spec.Algorithm, "RS") && spec.Bits == 0 { // an imported one
		spec.Bits = 2048
	}
	made, err := newPair(spec)
	if err != nil {
		return nil, err
	}
	for _, s := range r.order {
		if slices.ContainsFunc(s.pairs(), func(p *pair) bool { return p.kid == made.kid }) {
			return nil, ErrKID
		}
	}
	return made, nil
}

// Remove ends a key that does not sign: what it has signed verifies no more.
func (r *Ring) Remove(id, kid string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.slots[id]
	switch {
	case !ok:
		return ErrNoKey
	case s.signing.kid == kid:
		return ErrInUse
	case s.next != nil && s.next.kid == kid:
		s.next = nil
		return nil
	}
	kept := slices.DeleteFunc(slices.Clone(s.retired), func(p *pair) bool { return p.kid == kid })
	if len(kept) == len(s.retired) {
		return ErrNoKey
	}
	s.retired = kept
	return nil
}

// Entry is what may be shown of a key.
type Entry struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	KID        string `json:"kid"`
	Algorithm  string `json:"algorithm"`
	State      string `json:"state"`                // signing, next or retired
	Thumbprint string `json:"thumbprint,omitempty"` // of the public half; an HMAC key has none
}

// Entries lists all keys, in the order of the kickstart.
func (r *Ring) Entries() []Entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var entries []Entry
	for _, s := range r.order {
		for _, p := range s.pairs() {
			entry := Entry{ID: s.spec.ID, Name: s.spec.Name, KID: p.kid, Algorithm: p.method.Alg(), State: s.state(p)}
			if public, ok := p.public(); ok {
				entry.Thumbprint = Thumbprint(public)
			}
			entries = append(entries, entry)
		}
	}
	return entries
}

func (s *slot) state(p *pair) string {
	switch p {
	case s.signing:
		return "signing"
	case s.next:
		return "next"
	default:
		return "retired"
	}
}
