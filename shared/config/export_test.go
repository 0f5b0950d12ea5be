package config

// Look makes the next Get look at the files, as if a second had passed.
func (l *Live[T]) Look() T {
	l.looked.Store(-int64(lookEvery))
	return l.Get()
}
