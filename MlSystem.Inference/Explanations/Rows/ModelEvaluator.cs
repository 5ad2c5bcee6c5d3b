using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Explanations.Rows;

/// <summary>Runs a version on many made-up rows, batch by batch, and reads the explained output.</summary>
internal sealed class ModelEvaluator(LoadedVersion version, ExplainedOutput output, Deadline deadline, int batchRows, long maxEvaluations)
{
    private long _evaluations;

    public ExplainedOutput Output { get; } = output;

    /// <summary>All elements of the output of each row, row-major.</summary>
    public async Task<(double[] Values, int Width)> AllAsync(RawTable rows)
    {
        var width = 0;
        double[] all = [];
        await ForEachBatchAsync(
            rows,
            rows.Rows,
            (batch, start, count) => CopyRows(rows, start, batch, count),
            (start, count, tensor) =>
            {
                width = tensor.Count / count;
                all = all.Length == 0 ? new double[rows.Rows * width] : all;
                for (var i = 0; i < count * width; i++)
                {
                    all[(start * width) + i] = Output.Scaled(NumericTensors.GetDouble(tensor, i));
                }
            });
        return (all, width);
    }

    /// <summary>One element of the output for each of the rows that <paramref name="fill"/> makes.</summary>
    /// <param name="template">Rows of the model's form.</param>
    /// <param name="fill">Writes the rows from <c>start</c> on into the first <c>count</c> rows of a batch.</param>
    public async Task<double[]> EvaluateAsync(RawTable template, int rows, int element, Action<RawTable, int, int> fill)
    {
        var values = new double[rows];
        await ForEachBatchAsync(template, rows, fill, (start, count, tensor) =>
        {
            var width = tensor.Count / count;
            for (var i = 0; i < count; i++)
            {
                values[start + i] = Output.Scaled(NumericTensors.GetDouble(tensor, (i * width) + element));
            }
        });
        return values;
    }

    private async Task ForEachBatchAsync(RawTable template, int rows, Action<RawTable, int, int> fill, Action<int, int, Tensor> read)
    {
        _evaluations += rows;
        if (_evaluations > maxEvaluations)
        {
            throw InferenceException.Invalid($"this explanation runs the model on more than {maxEvaluations} rows: ask for fewer rows, samples, background rows or repeats");
        }

        var runtime = version.Runtime;
        var size = Math.Min(runtime.HasRows ? batchRows : 1, Math.Max(rows, 1));
        var batch = template.Empty(size);
        for (var start = 0; start < rows; start += size)
        {
            var count = Math.Min(size, rows - start);
            deadline.Check();
            fill(batch, start, count);
            var tensors = runtime.Rent();
            try
            {
                batch.Load(tensors, 0, count);
                await version.RunAsync(tensors, count, priority: 0, deadline);
                read(start, count, Output.In(tensors, count));
            }
            finally
            {
                runtime.Return(tensors);
            }
        }
    }

    private static void CopyRows(RawTable rows, int start, RawTable batch, int count)
    {
        for (var i = 0; i < count; i++)
        {
            rows.CopyRow(start + i, batch, i);
        }
    }
}
