namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>Who should own how many partitions, and which change that asks of one member.</summary>
internal static class PartitionShare
{
    /// <summary>Partitions that <paramref name="member"/> may own among <paramref name="members"/> (sorted); the shares sum to <paramref name="partitions"/>.</summary>
    public static int Quota(int partitions, IReadOnlyList<string> members, string member)
    {
        var rank = members.TakeWhile(m => !string.Equals(m, member, StringComparison.Ordinal)).Count();
        return partitions / members.Count + (rank < partitions % members.Count ? 1 : 0);
    }
}
