namespace MlSystem.MlNet;

/// <summary>The rows of a request, by the place of the input in the model's signature.</summary>
public interface IRowReader
{
    /// <summary>All elements of an input of fixed-size values, row by row, little-endian as in the protocol.</summary>
    ReadOnlySpan<byte> Raw(int input);

    /// <summary>One element of a BYTES input.</summary>
    string Text(int input, int element);

    /// <summary>Elements in a row of the input.</summary>
    int Width(int input);
}

/// <summary>Where predictions go, by the place of the output in the model's signature.</summary>
public interface IRowWriter
{
    /// <summary>Sets the elements of one row.</summary>
    void Write<T>(int output, int row, ReadOnlySpan<T> values)
        where T : unmanaged;

    /// <summary>Sets one element of a BYTES output.</summary>
    void WriteText(int output, int element, string value);
}

/// <summary>A file that can't be served as an ML.NET model, and why.</summary>
public sealed class MlNetModelException(string message, Exception? inner = null) : Exception(message, inner);
