package wire

import "time"

// Reap closes the connections that are idle since before.
func (c *Client) Reap(before time.Time) { c.idle.reap(before) }
