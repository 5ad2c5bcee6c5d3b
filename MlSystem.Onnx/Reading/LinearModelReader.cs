using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>Reads linear models out of a graph's nodes.</summary>
public static class LinearModelReader
{
    /// <summary>
    /// All <c>LinearRegressor</c> and <c>LinearClassifier</c> nodes, and <c>Gemm</c> and <c>MatMul</c> nodes of Float or Double with
    /// constant coefficients (and intercepts), in the graph's order. A product may also be a layer of a network: the caller knows from its input.
    /// </summary>
    /// <exception cref="OnnxGraphException">A node is not sound.</exception>
    public static IReadOnlyList<ModelNode<LinearModel>> ReadLinearModels(this OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var constants = model.Proto.Graph.Initializer.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var found = new List<ModelNode<LinearModel>>();
        foreach (var node in model.Proto.Graph.Node)
        {
            if (node.Domain == GraphBuilder.MlDomain && node.OpType is "LinearRegressor" or "LinearClassifier")
            {
                found.Add(Classical(node));
            }
            else if (node is { Domain: "" or "ai.onnx", OpType: "Gemm", Input.Count: 3 }
                && constants.TryGetValue(node.Input[1], out var weights) && constants.TryGetValue(node.Input[2], out var intercepts)
                && weights.Dims.Count == 2 && (ElementType)weights.DataType is ElementType.Float or ElementType.Double
                && new NodeAttributes(node).Integer("transA", 0) == 0)
            {
                found.Add(Product(node, weights, TensorData.ReadDoubles(intercepts)));
            }
            else if (node is { Domain: "" or "ai.onnx", OpType: "MatMul" } or { Domain: "" or "ai.onnx", OpType: "Gemm", Input.Count: 2 }
                && constants.TryGetValue(node.Input[1], out var matrix) && matrix.Dims.Count == 2
                && (ElementType)matrix.DataType is ElementType.Float or ElementType.Double && new NodeAttributes(node).Integer("transA", 0) == 0)
            {
                found.Add(Product(node, matrix, [0.0]));
            }
        }

        return found;
    }

    private static ModelNode<LinearModel> Classical(NodeProto node)
    {
        var attributes = new NodeAttributes(node);
        var regressor = node.OpType == "LinearRegressor";
        var coefficients = attributes.Numbers("coefficients");
        var intercepts = attributes.Numbers("intercepts");
        var outputs = regressor ? attributes.Integer("targets", 1) : intercepts.Count;
        if (outputs < 1 || coefficients.Count % outputs != 0 || (intercepts.Count != 0 && intercepts.Count != outputs) || node.Input.Count == 0 || node.Output.Count < (regressor ? 1 : 2))
        {
            throw attributes.Error($"has {coefficients.Count} coefficients and {intercepts.Count} intercepts for {outputs} outputs");
        }

        return new ModelNode<LinearModel>(node.Name, node.Input[0], node.Output[regressor ? 0 : 1], new LinearModel
        {
            Coefficients = [.. coefficients.Chunk(coefficients.Count / (int)outputs)],
            Intercepts = intercepts.Count > 0 ? intercepts : new double[outputs],
            PostTransform = TreeModes.ParseTransform(attributes.Text("post_transform", "")),
        })
        {
            IsSingleScore = !regressor && outputs == 1,
        };
    }

    private static ModelNode<LinearModel> Product(NodeProto node, TensorProto weights, double[] added)
    {
        var attributes = new NodeAttributes(node);
        var transposed = attributes.Integer("transB", 0) != 0;
        var (outputs, features) = transposed ? (weights.Dims[0], weights.Dims[1]) : (weights.Dims[1], weights.Dims[0]);
        var values = TensorData.ReadDoubles(weights);
        if (values.Length != outputs * features || (added.Length != outputs && added.Length != 1))
        {
            throw attributes.Error($"has {values.Length} coefficients and {added.Length} intercepts for {outputs} outputs of {features} features");
        }

        var (alpha, beta) = (attributes.Number("alpha", 1), attributes.Number("beta", 1));
        double At(long output, long feature) => alpha * values[transposed ? (output * features) + feature : (feature * outputs) + output];
        return new ModelNode<LinearModel>(node.Name, node.Input[0], node.Output[0], new LinearModel
        {
            Coefficients = [.. Enumerable.Range(0, (int)outputs).Select(o => Enumerable.Range(0, (int)features).Select(f => At(o, f)).ToArray())],
            Intercepts = [.. Enumerable.Range(0, (int)outputs).Select(o => beta * added[added.Length == 1 ? 0 : o])],
        });
    }
}
