package revocation

import "container/heap"

// deadlines has what is listed in the order in which it ends, the soonest first.
type deadlines []*listed

func (d *deadlines) push(e *listed)  { heap.Push(d, e) }
func (d *deadlines) pop() *listed    { return heap.Pop(d).(*listed) }
func (d *deadlines) moved(e *listed) { heap.Fix(d, e.place) }

// Len implements [heap.Interface].
func (d deadlines) Len() int { return len(d) }

// Less implements [heap.Interface].
func (d deadlines) Less(i, j int) bool { return d[i].until.Before(d[j].until) }

// Swap implements [heap.Interface].
func (d deadlines) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].place, d[j].place = i, j
}

// Push implements [heap.Interface].
func (d *deadlines) Push(e any) {
	added := e.(*listed)
	added.place = len(*d)
	*d = append(*d, added)
}

// Pop implements [heap.Interface].
func (d *deadlines) Pop() any {
	last := len(*d) - 1
	e := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	return e
}
