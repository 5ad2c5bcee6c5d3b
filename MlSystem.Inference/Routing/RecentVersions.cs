using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Routing;

/// <summary>The versions that were asked for most recently, up to a number. Not safe for concurrent callers.</summary>
internal sealed class RecentVersions(int capacity)
{
    private readonly LinkedList<VersionKey> _order = new();

    public IEnumerable<VersionKey> Keys => _order;

    /// <summary>Makes a version the most recent; true when another fell out for it.</summary>
    public bool Touch(VersionKey key)
    {
        _order.Remove(key);
        _order.AddFirst(key);
        if (_order.Count <= capacity)
        {
            return false;
        }

        _order.RemoveLast();
        return true;
    }

    /// <summary>Forgets some; true when there were any.</summary>
    public bool Remove(Func<VersionKey, bool> which)
    {
        var removed = _order.Where(which).ToList();
        removed.ForEach(key => _order.Remove(key));
        return removed.Count > 0;
    }
}
