namespace MlSystem.Inference.Prediction;

/// <summary>Request parameters, for both protocols.</summary>
internal static class CallParameters
{
    /// <summary>Longest timeout: one hour.</summary>
    public const long MaxTimeoutMicroseconds = 3_600_000_000;

    /// <summary>Sets the time limit; 0 means that the endpoint's counts, as in Triton.</summary>
    public static void SetTimeout(InferenceCall call, long microseconds) =>
        call.Timeout = microseconds == 0 ? null : TimeSpan.FromMicroseconds(microseconds);

    /// <summary>Whether it is the codec hint that MLServer's clients attach to every tensor; the datatype says the same.</summary>
    public static bool IsContentType(string name) => name == "content_type";

    /// <exception cref="InferenceException">The parameter asks for something that this server does not do.</exception>
    public static void CheckIgnorable(string name)
    {
        if (IsContentType(name) || name == "headers")
        {
            return;
        }

        var why = name.StartsWith("sequence_", StringComparison.Ordinal) ? " (this server has no stateful sequences)" : "";
        throw InferenceException.Invalid($"the parameter '{name}' is not supported{why}; supported are timeout, priority and binary_data_output");
    }
}
