namespace MlSystem.FeatureStore.Offline.Compaction;

/// <summary>Chooses which files of a partition become one, so that every row is written again only a few times, however many files come.</summary>
public static class CompactionPlan
{
    /// <summary>A file joins smaller ones while it is at most this many times their sum: each rewrite of a row at least makes its file a quarter bigger.</summary>
    private const int SizeRatio = 4;

    /// <param name="live">Files of one partition that count.</param>
    /// <param name="quiet">Nothing came for a while: what is there may be merged even if it is little.</param>
    /// <param name="minFiles">Files that make a merge worth while if the partition is not quiet.</param>
    /// <param name="targetBytes">Files of this size stay as they are.</param>
    /// <returns>Two files or more, or none.</returns>
    public static IReadOnlyList<OfflineFileRow> Choose(IReadOnlyList<OfflineFileRow> live, bool quiet, int minFiles, long targetBytes)
    {
        var chosen = new List<OfflineFileRow>();
        long bytes = 0;
        foreach (var file in live.Where(file => file.Bytes < targetBytes).OrderBy(file => file.Bytes))
        {
            if (chosen.Count > 0 && (file.Bytes > bytes * SizeRatio || bytes + file.Bytes > targetBytes))
            {
                break;
            }

            chosen.Add(file);
            bytes += file.Bytes;
        }

        return chosen.Count >= (quiet ? 2 : minFiles) ? chosen : [];
    }
}
