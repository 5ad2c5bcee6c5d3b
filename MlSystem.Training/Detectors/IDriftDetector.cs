namespace MlSystem.Training.Detectors;

/// <summary>Watches the mean of a stream of numbers for a change, one number at a time and with bounded memory. Not safe for several threads.</summary>
internal interface IDriftDetector
{
    /// <summary>Mean of what is held to be the current concept; 0 before the first value.</summary>
    double Mean { get; }

    /// <summary>Takes the next value.</summary>
    /// <returns>What this value made certain; most often <see cref="DriftSign.None"/>.</returns>
    DriftSign Add(double value);

    void Write(BinaryWriter writer);

    void Read(BinaryReader reader);
}

/// <summary>A change of the mean, and its direction.</summary>
internal enum DriftSign
{
    None,
    Rise,
    Fall,
}
