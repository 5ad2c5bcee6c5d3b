namespace MlSystem.Inference.Runtimes;

/// <summary>What running a freshly loaded model has shown.</summary>
/// <param name="RowsIndependent">Whether a row's outputs are the same alone and among others, so that requests may share a run.</param>
/// <param name="Observed">Rows and seconds of warm runs.</param>
public sealed record ModelProfile(bool RowsIndependent, IReadOnlyList<(int Rows, double Seconds)> Observed)
{
    /// <summary>How long a run on one row takes.</summary>
    public TimeSpan OneRow => TimeSpan.FromSeconds(Observed.Count == 0 ? 0 : Observed[0].Seconds);

    /// <summary>Seconds that a row saves when it shares a run.</summary>
    public double SavedSeconds => Observed.Count < 2 ? 0 : Observed[0].Seconds - (Observed[^1].Seconds / Observed[^1].Rows);
}
