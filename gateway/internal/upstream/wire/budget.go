package wire

import "sync/atomic"

// budget lets retries be a fifth of all requests, and a few more after a quiet time: an upstream in trouble is not asked twice by all.
type budget struct{ left atomic.Int64 }

const (
	earned     = 1  // by each request
	retryCosts = 5  // so one in five
	budgetCap  = 50 // ten retries in a row
)

func (b *budget) earn() {
	if n := b.left.Load(); n < budgetCap {
		b.left.Store(min(n+earned, budgetCap)) // a deposit lost to another at the same moment is no harm
	}
}

// fill begins with a few retries.
func (b *budget) fill() { b.left.Store(budgetCap) }

// spend takes a retry, or reports that there is none left.
func (b *budget) spend() bool {
	for {
		n := b.left.Load()
		if n < retryCosts {
			return false
		}
		if b.left.CompareAndSwap(n, n-retryCosts) {
			return true
		}
	}
}
