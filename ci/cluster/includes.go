package cluster

// Includes says whether everything that is wanted is so, of objects or parts of them; maps may hold more, lists may not.
func Includes(live, wanted any) bool {
	switch wanted := wanted.(type) {
	case map[string]any:
		have, ok := live.(map[string]any)
		for key, value := range wanted {
			ok = ok && Includes(have[key], value)
		}
		return ok
	case []any:
		have, ok := live.([]any)
		ok = ok && len(have) == len(wanted)
		for i := 0; ok && i < len(wanted); i++ {
			ok = Includes(have[i], wanted[i])
		}
		return ok
	}
	return live == wanted
}
