using System.Text;
using MlSystem.Graphs.Conditions;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Graphs;

/// <summary>One row of the tensors at a node, as a condition reads it.</summary>
internal sealed class ConditionRow(TensorScope tensors) : IConditionRow
{
    public int Row { get; set; }

    public bool IsText(string tensor) => tensors[tensor].Info.Datatype == Datatype.Bytes;

    public double Number(string tensor, int element) => NumericTensors.GetDouble(tensors[tensor], Index(tensors[tensor], element));

    public string Text(string tensor, int element) => Encoding.UTF8.GetString(tensors[tensor].GetBytes(Index(tensors[tensor], element)));

    private int Index(Tensor tensor, int element) => tensor.Info.HasRows ? (Row * (tensor.Count / (int)tensor.Rows)) + element : element;
}
