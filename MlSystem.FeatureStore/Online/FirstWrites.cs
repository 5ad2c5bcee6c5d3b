namespace MlSystem.FeatureStore.Online;

/// <summary>
/// Whether the entities of a long series of rows are likely new to the online store. Writing only what is not there (<c>MSETNX</c>, <c>SET … NX</c>) costs the
/// server less than half of a comparison with the rows it has, but what is refused is sent twice.
/// </summary>
public sealed class FirstWrites
{
    /// <summary>Batches that are compared at once after one whose entities were mostly known: 1 of 16 tries again.</summary>
    private const int Pause = 15;

    private int _pause;

    public bool AreLikely => Volatile.Read(ref _pause) <= 0 || Interlocked.Decrement(ref _pause) < 0;

    /// <param name="refused">Rows of entities that the store had already.</param>
    public void Note(int rows, int refused)
    {
        if (refused * 2 > rows)
        {
            Volatile.Write(ref _pause, Pause);
        }
    }
}
