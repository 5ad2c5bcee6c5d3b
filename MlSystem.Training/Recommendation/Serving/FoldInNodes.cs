using MlSystem.Onnx;
using MlSystem.Training.Recommendation.Models;

namespace MlSystem.Training.Recommendation.Serving;

/// <summary>
/// A <see cref="FoldIn"/> inside the graph: conjugate gradients with the diagonal as preconditioner (Hestenes and Stiefel, 1952), unrolled, in
/// double precision. The system is the diagonal and a matrix of the rank of the history, so in exact numbers it ends after as many steps.
/// </summary>
internal sealed class FoldInNodes(GraphBuilder graph, FactorModel model, HistoryNodes history)
{
    /// <summary>Steps at most; further ones change nothing above single precision.</summary>
    private const int MaximumSteps = 48;

    /// <summary>Share of the first energy below which the residual is only rounding: a history of few items gets there in few steps, and going on from rounding errors ends in numbers that are none.</summary>
    private const double Rounding = 1e-26;

    private OnnxValue _vectors = null!;
    private OnnxValue _weights = null!;
    private OnnxValue _diagonal = null!;

    /// <summary>Float [N, factors].</summary>
    /// <param name="factors">Float [M + 1, factors], the last row zeros.</param>
    public OnnxValue Append(OnnxValue factors)
    {
        var form = model.FoldIn;
        _vectors = graph.Cast(graph.Gather(factors, history.Positions), ElementType.Double);
        var counted = graph.Cast(history.Weights, ElementType.Double);
        _weights = graph.Mul(counted, graph.Scalar((double)form.Alpha));
        _diagonal = graph.Add(graph.Constant<double>([.. form.Diagonal.Select(d => (double)d)], 1, model.ItemFactors.Width), Lambda(form));
        var wanted = graph.Add(graph.Mul(counted, graph.Scalar((double)form.Beta)), _weights);
        return graph.Cast(Solve(Combine(wanted)), ElementType.Float);
    }

    /// <summary>Double [N, 1].</summary>
    private OnnxValue Lambda(FoldIn form)
    {
        var size = graph.Add(graph.Mul(graph.Cast(history.Count, ElementType.Double), graph.Scalar((double)form.Alpha)), graph.Scalar((double)model.ItemCount));
        return graph.Mul(graph.Pow(size, graph.Scalar((double)form.RegularisationExponent)), graph.Scalar((double)form.Regularisation));
    }

    private OnnxValue Solve(OnnxValue residual)
    {
        var direction = graph.Div(residual, _diagonal);
        var energy = Dot(residual, direction);
        var least = graph.Mul(energy, graph.Scalar(Rounding));
        OnnxValue? solution = null;
        for (var step = 0; step < Math.Min(model.ItemFactors.Width, MaximumSteps); step++)
        {
            var image = graph.Add(graph.Mul(_diagonal, direction), Combine(graph.Mul(_weights, Project(direction))));
            var goesOn = graph.Less(least, energy);
            var length = Quotient(goesOn, energy, Dot(direction, image));
            var move = graph.Mul(length, direction);
            solution = solution is null ? move : graph.Add(solution, move);
            residual = graph.Sub(residual, graph.Mul(length, image));
            var conditioned = graph.Div(residual, _diagonal);
            var next = Dot(residual, conditioned);
            direction = graph.Add(conditioned, graph.Mul(Quotient(goesOn, next, energy), direction));
            energy = next;
        }

        return solution!;
    }

    /// <summary>a / b for rows that go on, 0 for the others.</summary>
    private OnnxValue Quotient(OnnxValue goesOn, OnnxValue a, OnnxValue b) => graph.Where(goesOn, graph.Div(a, graph.Where(goesOn, b, graph.Scalar(1.0))), graph.Scalar(0.0));

    private OnnxValue Dot(OnnxValue a, OnnxValue b) => graph.ReduceSum(graph.Mul(a, b), [1], keepDims: true);

    /// <summary>[N, H]: inner product of each item of the history with a vector [N, factors].</summary>
    private OnnxValue Project(OnnxValue vector) => graph.ReduceSum(graph.Mul(_vectors, graph.Unsqueeze(vector, 1)), [2]);

    /// <summary>[N, factors]: the items of the history, weighted by [N, H].</summary>
    private OnnxValue Combine(OnnxValue weights) => graph.ReduceSum(graph.Mul(_vectors, graph.Unsqueeze(weights, 2)), [1]);
}
