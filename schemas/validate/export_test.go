package validate

// Spent returns how much fuel the last run took.
func (r *Run) Spent() int64 { return r.budget() - r.fuel }
