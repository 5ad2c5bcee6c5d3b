using MlSystem.Contracts;
using MlSystem.MlNet;

namespace MlSystem.Registry.Validation;

/// <summary>Loads an ML.NET pipeline, compares it with its signature and predicts an empty row.</summary>
internal static class MlNetProbe
{
    public static ProbeVerdict Run(string file, ModelSignature? declared)
    {
        try
        {
            var model = MlNetModel.Load(file);
            if (declared is not null && model.Problem(declared) is { } problem)
            {
                return ProbeVerdict.Refused(problem);
            }

            using var rows = model.NewRows();
            rows.Predict(1, new EmptyRow(model.Signature), new Nowhere());
            return ProbeVerdict.Accepted(declared ?? model.Signature);
        }
        catch (MlNetModelException error)
        {
            return ProbeVerdict.Refused($"{ModelFiles.MlNet}: {error.Message}");
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // A pipeline throws whatever its transforms throw.
            return ProbeVerdict.Refused($"{ModelFiles.MlNet}: predicting a probe row failed: {error.Message}");
        }
    }

    private sealed class EmptyRow(ModelSignature signature) : IRowReader
    {
        private const int MaxElementBytes = 8;

        public ReadOnlySpan<byte> Raw(int input) => new byte[Width(input) * MaxElementBytes];

        public string Text(int input, int element) => "";

        public int Width(int input) => (int)Math.Max(signature.Inputs[input].Shape[^1], 1);
    }

    private sealed class Nowhere : IRowWriter
    {
        public void Write<T>(int output, int row, ReadOnlySpan<T> values)
            where T : unmanaged
        {
        }

        public void WriteText(int output, int element, string value)
        {
        }
    }
}
