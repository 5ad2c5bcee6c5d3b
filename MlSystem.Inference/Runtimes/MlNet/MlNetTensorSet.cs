using System.Runtime.InteropServices;
using System.Text;
using MlSystem.Inference.Prediction;
using MlSystem.MlNet;

namespace MlSystem.Inference.Runtimes.MlNet;

/// <summary>A tensor set with a pipeline's row bound to it.</summary>
internal sealed class MlNetTensorSet(IModelRuntime runtime, MlNetModel model) : TensorSet(runtime), IRowReader, IRowWriter
{
    private readonly MlNetRows _rows = model.NewRows();

    public void Predict()
    {
        var rows = Inputs.Length == 0 ? 1 : (int)Inputs[0].Rows;
        foreach (var input in Inputs)
        {
            if (input.Rows != rows)
            {
                throw InferenceException.Invalid($"input '{input.Info.Name}' has {input.Rows} rows and '{Inputs[0].Info.Name}' has {rows}: all must have as many");
            }
        }

        Span<long> shape = stackalloc long[2];
        foreach (var output in Outputs)
        {
            shape[0] = rows;
            shape[1] = output.Info.Shape[^1];
            var rank = output.Info.Shape.Length;
            output.Resize(shape[..rank], rank == 1 ? rows : rows * (int)shape[1]);
        }

        _rows.Predict(rows, this, this);
    }

    ReadOnlySpan<byte> IRowReader.Raw(int input) => Inputs[input].Raw;

    string IRowReader.Text(int input, int element) => Encoding.UTF8.GetString(Inputs[input].GetBytes(element));

    int IRowReader.Width(int input) => Inputs[input].Count / (int)Inputs[input].Rows;

    void IRowWriter.Write<T>(int output, int row, ReadOnlySpan<T> values) => MemoryMarshal.AsBytes(values).CopyTo(Outputs[output].Raw[(row * MemoryMarshal.AsBytes(values).Length)..]);

    void IRowWriter.WriteText(int output, int element, string value) => Outputs[output].SetBytes(element, Encoding.UTF8.GetBytes(value));

    public override void Dispose()
    {
        _rows.Dispose();
        base.Dispose();
    }
}
